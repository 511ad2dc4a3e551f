{{ config(tags=['sharded']) }}

select
    instrument_id,
    ts,
    ord,
    price,
    size,
    side,
    known_at
from {{ source('raw', 'trades') }}
where (instrument_id, ts, ord) not in (select instrument_id, ts, ord from {{ source('raw', 'corrections') }})

union all

select
    instrument_id,
    ts,
    ord,
    price,
    size,
    side,
    known_from as known_at
from {{ ref('stg_trade_versions') }}
where known_to = {{ forever() }} and not cancelled
