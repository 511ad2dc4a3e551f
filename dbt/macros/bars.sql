{#-
    Bars of one length from the trades of the days being rebuilt, as they were known over time.

    1. plain_bars      bars that no late or corrected trade touches, which is nearly all: seconds from one scan of
                       raw.trades, longer bars from the seconds, so that a day of 4 M trades is not read four times
    2. bar_pieces      for the few others, from raw.trades: the trades that stood from the start as one piece, and each
                       late or corrected trade as its own, with the interval in which it was held true
    3. bar_versions    a version at the bar's first knowledge and at each later one, merged from the pieces valid then

    A trade is late when it became known after the bar's end plus `lateness_seconds`. Everything known by then makes
    the first version, known from the latest of it and never before the bar's end. Trades are ordered by (ts, ord): a
    trade may be reported, and numbered, after others that happened later.
-#}

{% macro forever() -%} toDateTime64('2299-12-31 00:00:00', 6, 'UTC') {%- endmacro %}

{% macro lateness() -%} {{ var('lateness_seconds', 5) }} {%- endmacro %}

{% macro bar_columns() -%}
instrument_id, ts, open, high, low, close, volume, trades, notional, vwap, first_ord, last_ord, known_at, superseded_at,
    late_trades
{%- endmacro %}

{% macro bar_start(seconds) -%}
toDateTime64(toStartOfInterval(ts, interval {{ seconds }} second), 6, 'UTC')
{%- endmacro %}

{% macro vwap() -%}
{#- Truncated towards zero at 1e-8. Both sums are whole numbers at scales 16 and 8, so their quotient is at scale 8;
    a Decimal division would go through 256 bits, at 10 times the cost. Without volume: the last price. -#}
if(
    volume = 0, close,
    reinterpret(toInt64(intDiv(
        reinterpret(notional, 'Int128'), reinterpret(if(volume = 0, toDecimal128(1, 8), volume), 'Int128')
    )), 'Decimal(18, 8)')
)
{%- endmacro %}

{% macro position() -%}
{#- One number that orders trades by (ts, ord): argMin over the tuple costs 6 times as much. -#}
bitShiftLeft(toUInt128(toUnixTimestamp64Micro(ts)), 64) + ord
{%- endmacro %}

{% macro positions_to_ords() -%}
toUInt64(first_position) as first_ord,
        toUInt64(last_position) as last_ord
{%- endmacro %}

{% macro trades_to_bar() -%}
argMin(price, {{ position() }}) as open,
        max(price) as high,
        min(price) as low,
        argMax(price, {{ position() }}) as close,
        sum(size) as volume,
        count() as trades,
        sum(toDecimal128(price, 8) * size) as notional,
        min({{ position() }}) as first_position,
        max({{ position() }}) as last_position
{%- endmacro %}


{% macro bars(seconds) -%}
with
plain_bars as ({{ plain_bars(seconds) }}),

bar_pieces as ({{ bar_pieces(seconds) }}),

bar_versions as ({{ bar_versions(seconds) }})

select {{ bar_columns() }} from plain_bars
union all
select {{ bar_columns() }} from bar_versions
{%- endmacro %}


{% macro disturbed_bars(seconds) %}
    {#- known_lag_us alone decides for nearly every row. -#}
    select instrument_id, {{ bar_start(seconds) }} as bar
    from {{ source('raw', 'trades') }}
    where
        {{ in_days() }}
        and known_lag_us > {{ lateness() | int * 1000000 }}
        and known_at > bar + interval {{ seconds + lateness() | int }} second
    union distinct
    {{- corrected_bars(seconds) }}
{% endmacro %}


{% macro corrected_bars(seconds) %}
    {# Asked of the corrections themselves, not of stg_trade_versions, which takes long to plan and is planned anew in
       each place. A correction without its trade makes its bar go the long way, to the same values. #}
    select instrument_id, {{ bar_start(seconds) }} as bar
    from {{ source('raw', 'corrections') }}
    where {{ in_days() }}
{% endmacro %}


{% macro plain_bars(seconds) %}
    select
        *,
        bar as ts,
        {{ vwap() }} as vwap,
        greatest(bar + interval {{ seconds }} second, last_known) as known_at,
        {{ forever() }} as superseded_at,
        toUInt64(0) as late_trades
    from ({{ bars_from_trades() if seconds == 1 else bars_from_seconds(seconds) }})
    where
        last_known <= bar + interval {{ seconds + lateness() | int }} second
        and (instrument_id, bar) not in ({{ corrected_bars(seconds) }})
{% endmacro %}


{% macro bars_from_trades() %}
        select
            instrument_id,
            {{ bar_start(1) }} as bar,
            {{ trades_to_bar() }},
            {{ positions_to_ords() }},
            max(known_at) as last_known
        from {{ source('raw', 'trades') }}
        where {{ in_days() }}
        group by instrument_id, bar
{% endmacro %}


{% macro bars_from_seconds(seconds) %}
    {#- The current version of a second holds all its trades, late ones too: what matters is when the last was known. -#}
        select
            instrument_id,
            toDateTime64(toStartOfInterval(second.ts, interval {{ seconds }} second), 6, 'UTC') as bar,
            argMin(second.open, second.ts) as open,
            max(second.high) as high,
            min(second.low) as low,
            argMax(second.close, second.ts) as close,
            sum(second.volume) as volume,
            sum(second.trades) as trades,
            sum(second.notional) as notional,
            argMin(second.first_ord, second.ts) as first_ord,
            argMax(second.last_ord, second.ts) as last_ord,
            max(second.known_at) as last_known
        from {{ ref('bars_1s') }} as second
        where {{ in_days('second.ts') }} and second.superseded_at = {{ forever() }}
        group by instrument_id, bar
{% endmacro %}


{% macro bar_pieces(seconds) %}
    {#- Trades that stood from the start share one group a bar; every other trade version is a group of its own. -#}
    select
        instrument_id,
        bar,
        {{ trades_to_bar() }},
        max(is_late) as late,
        max(is_cancelled) as cancelled,
        max(trade_known_from) as known_from,
        max(trade_known_to) as known_to
    from (
        select
            instrument_id, {{ bar_start(seconds) }} as bar, ts, ord, price, size,
            known_at as trade_known_from, {{ forever() }} as trade_known_to, 0 as is_cancelled,
            known_at > bar + interval {{ seconds + lateness() | int }} second as is_late,
            is_late as is_alone
        from {{ source('raw', 'trades') }}
        where
            {{ in_days() }}
            and (instrument_id, bar) in ({{ disturbed_bars(seconds) }})
            and (instrument_id, ts, ord) not in (
                select instrument_id, ts, ord from {{ source('raw', 'corrections') }} where {{ in_days() }}
            )
        union all
        select
            instrument_id, {{ bar_start(seconds) }} as bar, ts, ord, price, size,
            known_from as trade_known_from, known_to as trade_known_to, cancelled as is_cancelled,
            known_from > bar + interval {{ seconds + lateness() | int }} second as is_late,
            1 as is_alone
        from {{ ref('stg_trade_versions') }}
        where {{ in_days() }}
    )
    group by instrument_id, bar, if(is_alone, {{ position() }}, 0), if(is_alone, trade_known_from, toDateTime64(0, 6, 'UTC'))
{% endmacro %}


{% macro bar_versions(seconds) %}
    select
        *,
        bar as ts,
        {{ positions_to_ords() }},
        {{ vwap() }} as vwap
    from (
        select
            instrument_id,
            bar,
            version.1 as known_at,
            version.2 as superseded_at,
            argMin(piece.open, piece.first_position) as open,
            max(piece.high) as high,
            min(piece.low) as low,
            argMax(piece.close, piece.last_position) as close,
            sum(piece.volume) as volume,
            sum(piece.trades) as trades,
            sum(piece.notional) as notional,
            min(piece.first_position) as first_position,
            max(piece.last_position) as last_position,
            sumIf(piece.trades, piece.late = 1) as late_trades
        from (
            select
                *,
                arraySort(arrayDistinct(arrayConcat(
                    groupArrayIf(known_from, late = 1) over bar_window,
                    if(
                        countIf(late = 0) over bar_window = 0, [],
                        [greatest(bar + interval {{ seconds }} second, maxIf(known_from, late = 0) over bar_window)]
                    )
                ))) as moments,
                arrayJoin(arrayZip(moments, arrayPushBack(arrayPopFront(moments), {{ forever() }}))) as version
            from bar_pieces
            window bar_window as (partition by instrument_id, bar)
        ) as piece
        where piece.cancelled = 0 and piece.known_from <= version.1 and version.1 < piece.known_to
        group by instrument_id, bar, known_at, superseded_at
    )
{% endmacro %}
