"""The contract at the door: what a table declares, checked before the engine sees a row.

    Batch  ->  shape    the columns are the declared ones, in castable types, or the whole batch is refused
           ->  casts    every value becomes its column's Arrow type exactly, or its row is refused
           ->  rules    bounds, allow-lists, enums, known symbols, price rules, duplicates
           ->  Checked  rows that conform, and rejections with reason, detail and payload

The engine itself would truncate a decimal, wrap an integer and take a wrong unit of time without a word.
"""

from warehouse.contract.check import Checked, check

__all__ = ["Checked", "check"]
