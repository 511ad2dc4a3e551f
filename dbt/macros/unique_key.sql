{#- Passes if no two rows have the same values in `columns`. With `by_day`, only the days that this run rebuilds are
    looked at, so that a test of one day does not read the history. -#}
{% test unique_key(model, columns, by_day=false) %}
select
    {{ columns | join(', ') }},
    count() as copies
from {{ model }}
{% if by_day %}where {{ in_days() }}{% endif %}
group by {{ columns | join(', ') }}
having copies > 1
{% endtest %}
