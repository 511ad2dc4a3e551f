{{ config(
    materialized='incremental',
    incremental_strategy='insert_overwrite',
    on_schema_change='fail',
    tags=['sharded', 'bars'],
    order_by=['instrument_id', 'ts', 'known_at'],
    partition_by='toYYYYMM(ts)',
    query_settings={'optimize_aggregation_in_order': 1, 'max_partitions_per_insert_block': 0}
) }}

{{ bars(60) }}
{{ carry_over('toYYYYMM') }}
