"""A warehouse with the shipped macro sample and turning points: what a run of the regimes is tested on."""

from datetime import UTC, datetime
from typing import Any

from builders import NOW, empty

from collectors.dataset import Context
from collectors.registry import dataset
from mrie.panel.months import parse_month
from mrie.run import Run, Work, begin, run
from warehouse.loader import Loader
from warehouse.store import Warehouse
from zeno.clock import ManualClock

FIRST, LAST = parse_month("2000-06"), parse_month("2001-12")
"""A short span: two refits, a recession's peak and trough."""


def load_macro(store: Warehouse) -> None:
    """Empty a warehouse and load the sample into it."""
    empty(store)
    clock = ManualClock(NOW, tick=0.001)
    loader = Loader(store, clock=clock, patience=30)
    for name in ("us_macro_monthly", "nber_turning_points"):
        for batch in dataset(name).read(Context(settings=store.settings, clock=clock)):
            loader.load(batch)


def work(store: Warehouse, **asked: Any) -> Work:
    """Begin a run over the short span, or as asked."""
    clock = asked.pop("clock", None) or ManualClock(datetime(2026, 2, 1, tzinfo=UTC), tick=0.001)
    return begin(store, store.settings, **{"first": FIRST, "last": LAST, "placebos": 1, "clock": clock} | asked)


def short_run(store: Warehouse, **asked: Any) -> Run:
    """Run over the short span, or as asked."""
    return run(work(store, **asked))
