{{ config(order_by=['source', 'series', 'frequency', 'period', 'known_from']) }}

with

intervals as (
    select
        *,
        leadInFrame(released_at, 1, {{ forever() }}) over (
            partition by source, series, frequency, period
            order by released_at asc rows between current row and unbounded following
        ) as known_to
    from {{ ref('stg_macro_changes') }}
)

select
    source,
    series,
    frequency,
    period,
    assumeNotNull(value) as value,
    basis,
    released_at as known_from,
    known_to
from intervals
where intervals.value is not null
