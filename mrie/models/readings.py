"""Month by month what the models say, each year by the parameters of its January refit.

    1. rows      features of every month from the spec's start, each from its own as-of view         feature_rows
    2. payloads  one refit a year: rows before its January, labels announced by then                 refit_payloads
    3. refits    by any mapper: the built-in map, a Dask client's, a Spark job's                     run_refits
    4. readings  filter from the first row with the year's parameters, keep the year's months        _read_year

A reading of month t is a function of rows known at the end of t alone: refits look at earlier rows, and the filter has
no backward pass. The schedule hangs on the calendar, so a reading does not depend on the span that was asked for.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from mrie.models.refit import UNEMPLOYMENT, Fit, RefitPayload, RefitResult, refit
from mrie.models.spec import DEFAULT, GROUPS, ModelSpec
from mrie.panel.cycle import Turn, default_turns, labels_known
from mrie.panel.features import FeatureRows, columns, feature, feature_rows
from mrie.panel.months import Months, month_text, month_texts, parse_month
from mrie.panel.panel import STALE, Panel
from mrie.panel.store import Floats
from zeno.errors import ConfigError

Mapper = Callable[[Callable[[RefitPayload], RefitResult], Sequence[RefitPayload]], Iterable[RefitResult]]
"""Applies a function to each payload, in order; ``map`` is one."""

MEMBERS = ("p_hmm", "p_ms", "p_logit")
"""Columns whose mean is ``p_combined`` and whose least and greatest are ``low`` and ``high``."""

BASELINES = ("term_spread", "sahm", "unemployment")
_FEWEST_GROUPS = 2


@dataclass(frozen=True)
class Readings:
    """Readings and the fits behind them.

    Attributes
    ----------
    table
        One row a month: ``month`` (in which it was read) and ``data_month`` (newest data used), both months' numbers;
        ``p_hmm``, ``p_ms``, ``p_logit``, ``p_combined`` (their mean) and the baselines ``term_spread``, ``sahm``,
        ``unemployment``: the probability that ``data_month`` is in a recession; ``low``, ``high``: the members' range;
        ``p_ahead``, ``term_spread_ahead``: that the month ``spec.horizon`` after ``data_month`` is; ``regime`` (state's
        name); ``vintaged`` (share of concepts from dated vintages).
    fits
        The refits, by month.
    agreement
        Share of common months to which consecutive refits give the same label, one a pair.
    skipped
        Months (YYYY-MM) asked for that had too little data.
    """

    table: pd.DataFrame
    fits: tuple[RefitResult, ...]
    agreement: tuple[float, ...]
    skipped: tuple[str, ...]

    def records(self) -> pd.DataFrame:
        """Return the log of all fits, one row each: the fields of ``FitRecord``."""
        return pd.DataFrame([asdict(result.record) for result in self.fits])


def read_months(
    panel: Panel,
    first: int,
    last: int,
    *,
    spec: ModelSpec = DEFAULT,
    turns: Sequence[Turn] | None = None,
    vintages_only: bool = False,
    mapper: Mapper = map,
) -> Readings:
    """Read every month from ``first`` to ``last``, months' numbers, both included.

    Parameters
    ----------
    turns
        Turning points with the month in which they became known; by default ``default_turns``.
    vintages_only
        Leave out what is known by the usual release lag alone, until its first vintage exists.
    mapper
        Runs the refits.

    Raises
    ------
    ConfigError
        If the span is empty, or no month of it has enough data.
    """
    if last < first:
        raise ConfigError(f"{month_text(last)} lies before {month_text(first)}.", remedy="Swap --from and --to.")
    rows = feature_rows(panel, range(parse_month(spec.start), last + 1))
    view = KnownRows(_from_first_known(rows), vintages_only)
    months = _readable(view.rows, first, spec)
    if not len(months):
        raise ConfigError(
            f"No month from {month_text(first)} to {month_text(last)} can be read: "
            f"vintages end in {month_text(panel.last_vintage)}.",
            remedy=f"Ask for months with data and at least {spec.minimum} months before them, or load more vintages.",
        )
    known = tuple(turns) if turns is not None else default_turns()
    results = run_refits(refit_payloads(view, months, known, spec), mapper)
    tables = [_read_year(view, result.fit, months) for result in results]
    skipped = sorted(set(range(first, last + 1)) - set(months.tolist()))
    table = pd.concat(tables, ignore_index=True)
    return Readings(table, results, label_agreement(view, results), tuple(month_texts(skipped)))


def run_refits(payloads: Sequence[RefitPayload], mapper: Mapper = map) -> tuple[RefitResult, ...]:
    """Run refits with a mapper and return their results in order."""
    return tuple(mapper(refit, payloads))


@dataclass(frozen=True)
class KnownRows:
    """Feature rows as a refit may see them."""

    rows: FeatureRows
    vintages_only: bool

    def values(self, now: int) -> Floats:
        """Return the feature rows that a refit in ``now`` may see, shape (months, features)."""
        return self.rows.as_known(now) if self.vintages_only else self.rows.values


def refit_payloads(view: KnownRows, months: Months, turns: Sequence[Turn], spec: ModelSpec) -> list[RefitPayload]:
    """Return the refits that readings of ``months`` need, one a year."""
    rows, payloads = view.rows, []
    for start in sorted({_refit_month(int(month), spec) for month in months}):
        upto = int(np.searchsorted(rows.months, start))
        data_months = rows.data_months[:upto]
        payloads.append(
            RefitPayload(
                month=start,
                first=int(rows.months[0]),
                values=view.values(start)[:upto],
                labels=labels_known(data_months, start, turns),
                labels_ahead=labels_known(data_months + spec.horizon, start, turns),
                spec=spec,
            )
        )
    return payloads


def label_agreement(view: KnownRows, results: Sequence[RefitResult]) -> tuple[float, ...]:
    """Return for each pair of consecutive refits the share of the earlier one's months that both label alike."""
    labels = []
    for result in results:
        upto = int(np.searchsorted(view.rows.months, result.fit.month))
        labels.append(result.fit.states(view.values(result.fit.month)[:upto]).argmax(axis=1))
    return tuple(float(np.mean(a == b[: len(a)])) for a, b in pairwise(labels))


def _refit_month(month: int, spec: ModelSpec) -> int:
    return month - (month % 12 - (spec.refit_month - 1)) % 12


def _from_first_known(rows: FeatureRows) -> FeatureRows:
    """Drop leading months in which hardly a group is known: averages would stand in for the economy."""
    groups = [np.isfinite(rows.values[:, columns(group.momentum)]).any(axis=1) for group in GROUPS]
    enough = np.flatnonzero(np.sum(groups, axis=0) >= _FEWEST_GROUPS)
    start = int(enough[0]) if len(enough) else len(rows.months)
    return rows.since(start)


def _readable(rows: FeatureRows, first: int, spec: ModelSpec) -> Months:
    months = rows.months
    starts = np.array([_refit_month(int(month), spec) for month in months], dtype=np.int64)
    trained = np.searchsorted(months, starts) >= spec.minimum
    fresh = (months - rows.data_months <= STALE) & np.isfinite(rows.values).any(axis=1)
    return months[(months >= first) & trained & fresh]


def _read_year(view: KnownRows, fit: Fit, months: Months) -> pd.DataFrame:
    rows, spec = view.rows, fit.spec
    mine = np.array([_refit_month(int(month), spec) == fit.month for month in months], dtype=bool)
    at = np.searchsorted(rows.months, months[mine])
    values = view.values(fit.month)[: int(at[-1]) + 1]
    inputs = fit.composites(values)
    states = fit.hmm.parameters.filter(inputs)[0]
    recession = np.array([state.recession for state in spec.states])
    table = pd.DataFrame({
        "month": rows.months[at],
        "data_month": rows.data_months[at],
        "p_hmm": states[:, recession].sum(axis=1)[at],
        "p_ms": fit.switching.parameters.filter(inputs[:, 1])[0][at, 0],
        "p_logit": fit.logit.apply(inputs)[at],
    })  # fmt: skip
    members = table[list(MEMBERS)].to_numpy(np.float64)
    table["p_combined"] = members.mean(axis=1)
    table["low"], table["high"] = members.min(axis=1), members.max(axis=1)
    table["regime"] = np.array(spec.names)[states.argmax(axis=1)[at]]
    table["p_ahead"] = fit.ahead.apply(fit.lead.apply(values)[:, None])[at]
    table["vintaged"] = rows.vintaged[at]
    return pd.concat([table, _baselines(fit, values[at])], axis=1)


def _baselines(fit: Fit, values: Floats) -> pd.DataFrame:
    """Return the baselines' readings; the Sahm gap is 1/2 where its rule says recession, at half a point."""

    return pd.DataFrame({
        "term_spread": fit.baselines["term_spread"].apply(values[:, columns(["spread_year_ago"])]),
        "sahm": np.clip(feature(values, "sahm"), 0.0, 1.0),
        "unemployment": fit.baselines["unemployment"].apply(values[:, columns(UNEMPLOYMENT)]),
        "term_spread_ahead": fit.baselines["term_spread_ahead"].apply(values[:, columns(["spread"])]),
    })  # fmt: skip
