"""From series to the graph's variables: levels, spreads, logarithms and growth rates, in percent."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mrie.causal.graph import Graph, Node
from zeno.errors import ConfigError


def node_frame(series: pd.DataFrame, graph: Graph) -> pd.DataFrame:
    """Return the graph's variables.

    Parameters
    ----------
    series
        One column a FRED series in its own unit, one row a month (``PeriodIndex`` or first days of months), in order
        and without gaps; NaN where there is no value.

    Returns
    -------
    pandas.DataFrame
        One column a node in its unit, index the first days of the months (``datetime64``, naive).

    Raises
    ------
    ConfigError
        If a series is missing, or the months are not consecutive.
    """
    missing = sorted({name for node in graph.nodes.values() for name in node.needs} - set(series.columns))
    if missing:
        raise ConfigError(f"The causal graph needs the series {', '.join(missing)}.",
                          remedy="Load them: zeno elt run")  # fmt: skip
    months = month_index(series)
    columns = {name: pd.Series(_variable(node, series), index=months) for name, node in graph.nodes.items()}
    return pd.DataFrame(columns)


def month_index(frame: pd.DataFrame) -> pd.DatetimeIndex:
    """Return the first days of a frame's months.

    Raises
    ------
    ConfigError
        If they are not consecutive months.
    """
    index = frame.index
    months = index.to_timestamp() if isinstance(index, pd.PeriodIndex) else pd.DatetimeIndex(index)
    firsts = months.to_numpy("datetime64[M]")
    if not (np.all(firsts == months.to_numpy()) and np.all(np.diff(firsts.astype(np.int64)) == 1)):
        raise ConfigError("The rows are not consecutive months.", remedy="Give one row for every month, its first day.")
    return months


def _variable(node: Node, series: Mapping[str, pd.Series] | pd.DataFrame) -> np.ndarray:
    values = np.array(series[node.series], dtype=float)
    if node.less:
        values = values - np.array(series[node.less], dtype=float)
    if node.deflator:
        values = values / np.array(series[node.deflator], dtype=float)
    if node.kind == "level":
        return values
    logs = 100.0 * np.log(values)
    return logs if node.kind == "log_level" else np.diff(logs, prepend=np.nan)
