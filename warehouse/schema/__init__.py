"""The schema, declared once: every table that Zeno owns, with type, unit, key, times and codec of each column.

``model`` says what a table is, ``raw``, ``ref``, ``ops`` and ``mrie`` declare ours, ``ddl`` renders them for one node,
for shards and for a replicated cluster, ``arrow`` gives the Arrow schema of a batch. Migrations
(``warehouse.migrate``) are the frozen text of what ``ddl`` rendered; a test holds the two together, and dbt's sources
to both. dbt owns ``staging`` and ``marts``: they are not declared here.
"""

from warehouse.schema.model import Column, Kind, Placement, Role, Table
from warehouse.schema.registry import TABLES, table

__all__ = ["TABLES", "Column", "Kind", "Placement", "Role", "Table", "table"]
