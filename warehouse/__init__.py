"""ClickHouse: embedded nodes, clients, schema, contract, loader, readers, reconcile.

Everything that matters is a table here. Collectors hand over batches, dbt builds marts from them, and everybody else
reads: no other room knows SQL's dialect or the driver.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from warehouse.readers import read_bars, read_macro, read_trades
    from warehouse.store import Warehouse, connect

__all__ = ["Warehouse", "connect", "read_bars", "read_macro", "read_trades"]


def __getattr__(name: str) -> Any:
    # Imported when they are asked for: a node's own processes are modules of this package, and start without Arrow and
    # the driver, which would be half of what they load.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("warehouse.readers" if name.startswith("read_") else "warehouse.store"), name)
