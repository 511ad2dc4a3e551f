with

releases as (
    select
        *,
        lagInFrame(value) over history as value_before,
        row_number() over history = 1 as is_first
    from {{ source('raw', 'macro') }}
    window history as (
        partition by source, series, frequency, period
        order by released_at asc rows between unbounded preceding and current row
    )
)

select
    source,
    series,
    frequency,
    period,
    value,
    basis,
    released_at
from releases
where is_first or not (value <=> value_before)
