{#- The event days that this run rebuilds. They come from the environment, not from --vars: with another --vars than
    the last run's, dbt would parse the whole project anew. -#}

{% macro days_asked() -%}
    {#- A list of YYYY-MM-DD; none for all days that have trades, an empty list for no day. -#}
    {{ return(fromjson(env_var('ZENO_DBT_DAYS', 'null'))) }}
{%- endmacro %}


{% macro day_numbers() -%}
    {#- YYYYMMDD of the named days; 0 when the list is empty, which is no day at all. -#}
    {%- set numbers = [] -%}
    {%- for day in days_asked() -%}{%- do numbers.append(day | replace('-', '') | int) -%}{%- endfor -%}
    {{ (numbers or [0]) | join(', ') }}
{%- endmacro %}


{% macro in_days(column='ts') -%}
    {#- Whether an event time is on one of those days. Partitions by day are pruned by it. -#}
    {%- if days_asked() is none -%} 1 = 1
    {%- else -%} toYYYYMMDD({{ column }}) in ({{ day_numbers() }})
    {%- endif -%}
{%- endmacro %}


{% macro carry_over(partition) -%}
    {#- The rows of other days in the touched partitions: they are swapped in unchanged with the rebuilt days, so that
        one late tick costs the ticks of its own day alone. `partition` is the function in partition_by. -#}
    {%- if is_incremental() and days_asked() is not none %}
union all
select {{ bar_columns() }}
from {{ this }}
where
    {{ partition }}(ts) in (select {{ partition }}(arrayJoin([{{ dates() }}])))
    and toYYYYMMDD(ts) not in ({{ day_numbers() }})
    {%- endif -%}
{%- endmacro %}


{% macro dates() -%}
    {#- Named days as an array's members; never empty, so that the array has a type. -#}
    {%- for day in days_asked() or ['1970-01-01'] -%}
        toDate('{{ day }}'){{ ', ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}


{% macro last_month() -%}
    {#- Where the recession indicator ends: the last whole month, unless the run names another. -#}
    {%- if var('recessions_through', none) is none -%} addMonths(toStartOfMonth(today()), -1)
    {%- else -%} toDate32('{{ var('recessions_through') }}')
    {%- endif -%}
{%- endmacro %}
