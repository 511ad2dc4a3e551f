"""The one resource: the settings, and what is opened from them when a step first needs it.

A run signs in here with its process (``assets.reaper``) and gives its id to everything it does, so that ledger rows,
log lines and queries can be found from the run in the UI.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import dagster as dg

from assets.reaper import process_tags
from collectors.dataset import Context, Dataset
from warehouse.ledger import loaded_days
from warehouse.loader import Loader
from warehouse.store import Warehouse, connect
from zeno.clock import Clock, SystemClock
from zeno.settings import Settings
from zeno.telemetry import correlated

OWNERS = ["team:data"]


@dataclass
class House:
    """What assets work with."""

    settings: Settings
    datasets: Mapping[str, Dataset]
    clock: Clock = field(default_factory=SystemClock)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The warehouse, started if it is embedded and down."""
        return connect(self.settings)

    @cached_property
    def loader(self) -> Loader:
        """The loader into it."""
        return Loader(self.warehouse, clock=self.clock)

    @property
    def collecting(self) -> Context:
        """What collectors are given."""
        return Context(settings=self.settings, clock=self.clock)

    def loaded_days(self) -> list[date]:
        """Every event day (UTC) with ticks, in order."""
        return loaded_days(self.warehouse.client())

    def close(self) -> None:
        """Drop the connections that were opened."""
        opened = self.__dict__.get("warehouse")
        if opened is not None:
            opened.close()


def house_resource(datasets: Mapping[str, Dataset], settings: Settings | None = None) -> dg.ResourceDefinition:
    """Return the resource; without ``settings`` it reads the environment when a run starts, never at import."""

    def open_house(context: dg.InitResourceContext) -> Iterator[House]:
        run = context.run
        if run is not None and context.instance is not None:
            context.instance.add_run_tags(run.run_id, process_tags())
        house = House(settings or Settings.from_env(), datasets)
        with correlated(run.run_id if run is not None else None):
            try:
                yield house
            finally:
                house.close()

    return dg.ResourceDefinition(open_house, description="Settings, warehouse and collectors of this data folder.")
