{{ config(tags=['sharded']) }}

with

statements as (
    select
        instrument_id, ts, ord, price, size, side, false as cancelled, true as is_trade, known_at as stated_at
    from {{ source('raw', 'trades') }}
    where (instrument_id, ts, ord) in (select instrument_id, ts, ord from {{ source('raw', 'corrections') }})
    union all
    select
        instrument_id, ts, ord, price, size, 'unknown'::{{ side_type() }} as side, action = 'cancel' as cancelled,
        false as is_trade, known_at as stated_at
    from {{ source('raw', 'corrections') }}
),

timed as (
    -- A correction that is published before its trade arrives is knowledge from the trade's arrival on.
    select
        *,
        greatest(stated_at, maxIf(stated_at, is_trade) over trade) as known_from,
        anyIf(side, is_trade) over trade as trade_side,
        countIf(is_trade) over trade as trades
    from statements
    window trade as (partition by instrument_id, ts, ord)
),

latest as (
    select *
    from timed
    where trades > 0
    order by is_trade asc, stated_at desc
    limit 1 by instrument_id, ts, ord, known_from
)

select
    instrument_id,
    ts,
    ord,
    price,
    size,
    trade_side as side,
    cancelled,
    known_from,
    leadInFrame(known_from, 1, {{ forever() }}) over (
        partition by instrument_id, ts, ord
        order by known_from asc rows between current row and unbounded following
    ) as known_to
from latest
