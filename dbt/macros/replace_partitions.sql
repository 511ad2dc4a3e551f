{#-
    dbt-clickhouse's insert_overwrite, changed in one point: a touched partition that has no rows any more is replaced
    too, by nothing. The original takes its list of partitions from the new rows alone, so that a day whose trades all
    went away would keep its bars for ever. Each partition is swapped atomically; a run that fails before the swap
    leaves every partition as it was.
-#}
{% macro clickhouse__incremental_insert_overwrite(existing_relation, partition_by, is_distributed=False) %}
    {%- set fresh = existing_relation.incorporate(path={"identifier": existing_relation.identifier
        ~ '__dbt_new_data_' ~ invocation_id.replace('-', '_')}) -%}
    {{ drop_relation_if_exists(fresh) }}
    {% call statement('main') %} {{ get_create_table_as_sql(False, fresh, sql) }} {% endcall %}
    {%- set touched = run_query(touched_partitions(existing_relation, fresh, partition_by)).rows if execute else [] -%}
    {% if touched %}
        {% call statement('replace_partitions') %}
            alter table {{ existing_relation }}
            {%- for row in touched %}
                replace partition id '{{ row['partition_id'] }}' from {{ fresh }} {{- ', ' if not loop.last }}
            {%- endfor %}
            settings allow_replace_partition_from_empty_source = 1
        {% endcall %}
    {% endif %}
    {% do adapter.drop_relation(fresh) %}
{% endmacro %}


{% macro touched_partitions(existing_relation, fresh, partition_by) %}
    {#- Partitions of the new rows, and those of the named days (of all days without a list). -#}
    select distinct partition_id
    from system.parts
    where
        active
        and database = '{{ fresh.schema }}'
        and (
            table = '{{ fresh.identifier }}'
            or table = '{{ existing_relation.identifier }}'
            {%- if days_asked() is not none %}
            and partition_id in (
                select toString({{ partition_by | replace('ts', 'arrayJoin([' ~ dates() ~ '])') }})
            )
            {%- endif %}
        )
    order by partition_id
{% endmacro %}
