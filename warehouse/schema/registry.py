"""All declared tables, by name."""

from warehouse.schema.model import Table
from warehouse.schema.mrie import MRIE
from warehouse.schema.ops import OPS
from warehouse.schema.raw import RAW
from warehouse.schema.ref import REF
from warehouse.schema.research import RESEARCH
from zeno.errors import ConfigError

TABLES: dict[str, Table] = {entry.name: entry for entry in (*RAW, *REF, *OPS, *RESEARCH, *MRIE)}


def table(name: str) -> Table:
    """Return the declaration of ``name``.

    Raises
    ------
    ConfigError
        If no such table is declared.
    """
    if name not in TABLES:
        raise ConfigError(f"There is no table {name!r}.", remedy=f"Tables: {', '.join(TABLES)}.")
    return TABLES[name]
