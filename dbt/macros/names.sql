{#- Schemas are exactly `staging` and `marts`, in every environment. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}


{#- On a cluster a model tagged `sharded` is built on each node under a local name; warehouse.transform puts the
    Distributed table over it. -#}
{% macro generate_alias_name(custom_alias_name=none, node=none) -%}
    {{- custom_alias_name or node.name -}}
    {%- if 'sharded' in node.config.tags -%}{{ env_var('ZENO_DBT_LOCAL_SUFFIX', '') }}{%- endif -%}
{%- endmacro %}


{% macro side_type() -%} Enum8('unknown' = 0, 'buy' = 1, 'sell' = 2) {%- endmacro %}
