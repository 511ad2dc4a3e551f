"""All data sets, by name, in the order in which they load: instruments first, so that symbols mean something.

To add one: write its module with a ``DATASETS`` tuple, and name it in ``_MODULES``.
"""

from collectors import (
    bls_cpi,
    btcusd_orders,
    calendars,
    ecb_fx_daily,
    emini_trades,
    frbny_nowcast,
    fred,
    fred_md,
    instruments,
    interchange,
    lm_lexicon,
    nber_turning_points,
    rtdsm,
    sp500_membership,
    us_credit_monthly,
    us_equities_daily,
    us_indices_daily,
    us_macro_monthly,
    us_tech_daily,
    weekly_claims,
)
from collectors.dataset import Dataset
from zeno.errors import ConfigError

_MODULES = (
    instruments,  # before everything that names a symbol
    calendars,
    emini_trades,
    btcusd_orders,
    us_equities_daily,
    us_tech_daily,
    us_indices_daily,
    ecb_fx_daily,
    us_macro_monthly,
    us_credit_monthly,
    frbny_nowcast,
    bls_cpi,
    weekly_claims,
    sp500_membership,
    nber_turning_points,
    lm_lexicon,
    fred,  # online sources, which need a key or a service, are not part of the default run
    fred_md,
    rtdsm,
    interchange,  # after both: it holds copies of their histories
)

DATASETS: dict[str, Dataset] = {entry.name: entry for module in _MODULES for entry in module.DATASETS}


def default_datasets() -> tuple[Dataset, ...]:
    """Return the data sets that need no service and no key, in load order."""
    return tuple(entry for entry in DATASETS.values() if not entry.online)


def dataset(name: str) -> Dataset:
    """Return the data set called ``name``.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in DATASETS:
        raise ConfigError(f"There is no data set {name!r}.", remedy=f"Data sets: {', '.join(DATASETS)}.")
    return DATASETS[name]
