"""The tear sheet of one backtest, as data and as a page.

record = RunRecord(title=..., marks=..., fills=..., ...)
sheet = tear_sheet(record)          # every statistic, JSON-safe by sheet.to_dict()
write_page(sheet, path)             # one HTML file without any external resource
"""

from backtest.tearsheet.inputs import BENCHMARK, FILLS, FLOWS, MARKS, OTHER_CASH, SPLITS, RunRecord
from backtest.tearsheet.page import render_page, write_page
from backtest.tearsheet.sheet import TearSheet, tear_sheet

__all__ = [
    "BENCHMARK",
    "FILLS",
    "FLOWS",
    "MARKS",
    "OTHER_CASH",
    "SPLITS",
    "RunRecord",
    "TearSheet",
    "render_page",
    "tear_sheet",
    "write_page",
]
