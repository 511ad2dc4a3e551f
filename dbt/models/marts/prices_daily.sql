{{ config(tags=['sharded'], order_by=['instrument_id', 'source', 'session']) }}

with

priced as (
    select
        *,
        coalesce(adj_close, close) as basis_close,
        lagInFrame(toNullable(session)) over sessions as previous_session,
        lagInFrame(basis_close) over sessions as previous_close,
        lagInFrame(known_at) over sessions as previous_known_at
    from {{ ref('stg_bars_daily') }}
    where coalesce(adj_close, close) is not null
    window sessions as (
        partition by instrument_id, source
        order by session asc rows between unbounded preceding and current row
    )
)

select
    instrument_id,
    source,
    session,
    close,
    adj_close,
    if(close = 0, null, toFloat64(basis_close) / toFloat64(close)) as adjustment_factor,
    if(previous_close > 0, toFloat64(basis_close) / toFloat64(previous_close) - 1, null) as simple_return,
    if(previous_close > 0 and basis_close > 0, log(toFloat64(basis_close) / toFloat64(previous_close)), null)
        as log_return,
    previous_session,
    greatest(priced.known_at, previous_known_at) as known_at
from priced
