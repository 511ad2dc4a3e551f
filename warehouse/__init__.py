"""ClickHouse: embedded nodes, clients, schema, contract, loader, readers, reconcile.

Everything that matters is a table here. Collectors hand over batches, dbt builds marts from them, and everybody else
reads: no other room knows SQL's dialect or the driver.
"""
