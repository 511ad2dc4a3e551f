{{ config(order_by=['country', 'month', 'known_from']) }}

with

months as (
    select
        country,
        addMonths(
            min(month), arrayJoin(range(1, toUInt32(dateDiff('month', min(month), {{ last_month() }})) + 1))
        ) as spine
    from {{ source('ref', 'turning_points') }}
    group by country
),

beliefs as (
    -- The last turning point before a month decides it; before it is announced, the one before that does.
    select distinct
        months.country,
        months.spine as month,
        greatest(turns.known_at, toDateTime64(addMonths(months.spine, 1), 6, 'UTC')) as known_from,
        argMax(turns.kind = 'peak', turns.month) over (
            partition by months.country, months.spine
            order by greatest(turns.known_at, toDateTime64(addMonths(months.spine, 1), 6, 'UTC')) asc
            range between unbounded preceding and current row
        ) as recession
    from months
    inner join {{ source('ref', 'turning_points') }} as turns on months.country = turns.country
    where turns.month < months.spine
),

changes as (
    select
        *,
        lagInFrame(toNullable(recession)) over (
            partition by country, month
            order by known_from asc rows between unbounded preceding and current row
        ) as before
    from beliefs
)

select
    country,
    month,
    recession,
    known_from,
    leadInFrame(known_from, 1, {{ forever() }}) over (
        partition by country, month
        order by known_from asc rows between current row and unbounded following
    ) as known_to
from changes
where not (recession <=> before)
