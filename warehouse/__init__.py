"""ClickHouse: embedded nodes, clients, schema, contract, loader, readers, reconcile.

Everything that matters is a table here. Collectors hand over batches, dbt builds marts from them, and everybody else
reads: no other room knows SQL's dialect or the driver.
"""

from warehouse.readers import read_bars, read_macro, read_trades
from warehouse.store import Warehouse, connect

__all__ = ["Warehouse", "connect", "read_bars", "read_macro", "read_trades"]
