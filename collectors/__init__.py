"""Collectors: one file a source. They extract and parse; they never load, and never import Dagster.

    archive, HTTP source, file  ->  Dataset.read(context)  ->  warehouse.batch.Batch  ->  warehouse.loader

A collector says *what the source said*, in the columns of a declared table. It does not clean: the contract at the
warehouse's door refuses what is wrong, with a reason. Rounding, where a source is known to deliver noise (prices that
went through a 32-bit float), is the collector's, stated in its docstring.
"""
