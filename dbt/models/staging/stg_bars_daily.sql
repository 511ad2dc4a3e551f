{{ config(tags=['sharded']) }}

select
    instrument_id,
    source,
    toDate32(ts) as session,
    known_at,
    open,
    high,
    low,
    close,
    adj_close,
    volume
from {{ source('raw', 'bars') }}
where resolution = '1d'
order by known_at desc
limit 1 by instrument_id, source, session
