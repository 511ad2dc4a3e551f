"""One asset for each data set: reading it and loading its batches.

Made from the collectors' registry; a new data set appears here by itself.
"""

from collections.abc import Iterable, Mapping

import dagster as dg

from assets.house import OWNERS, House
from assets.loading import RETRY, failures, load_all
from collectors.dataset import Dataset

GROUP = "sources"
# Until symbols mean instruments, no row that names one can be loaded.
_FIRST = {"ref.symbols", "ref.instruments"}


def source_key(name: str) -> dg.AssetKey:
    """Return the asset key of a data set."""
    return dg.AssetKey([GROUP, name])


def source_assets(datasets: Mapping[str, Dataset], retry: dg.RetryPolicy = RETRY) -> list[dg.AssetsDefinition]:
    """Return an asset for every data set, instruments before all others."""
    first = {entry.name for entry in datasets.values() if _FIRST & set(entry.tables)}
    return [_asset(entry, () if entry.name in first else first, retry) for entry in datasets.values()]


def _asset(dataset: Dataset, after: Iterable[str], retry: dg.RetryPolicy) -> dg.AssetsDefinition:
    @dg.asset(
        key=source_key(dataset.name),
        deps=[source_key(name) for name in after],
        group_name=GROUP,
        owners=OWNERS,
        description=f"**{dataset.title}.** {dataset.description}\n\nOrigin: {dataset.origin}",
        kinds={"python", "file" if not dataset.online else "api"},
        tags={"online": "yes" if dataset.online else "no"},
        metadata={"origin": dataset.origin, "caveats": dataset.description, "tables": ", ".join(dataset.tables)},
        retry_policy=retry,
    )
    def load(house: dg.ResourceParam[House]) -> dg.MaterializeResult:
        with failures():
            return dg.MaterializeResult(metadata=load_all(dataset.read(house.collecting), house.loader).metadata())

    return load
