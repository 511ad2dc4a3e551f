"""Frames of some of the instruments alone: the calendar stays that of all, so that periods can be compared."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np

from backtest.core.columns import PRICES
from backtest.frames import Frame
from zeno.errors import ConfigError


def only(frame: Frame, symbols: Collection[str]) -> Frame:
    """Return a frame with some of its instruments, in their old order.

    A panel keeps all its slices, also those in which none of these traded; interleaved slices are those of the chosen.

    Raises
    ------
    ConfigError
        When none is left, or one is not there.
    """
    kept = [number for number, one in enumerate(frame.symbols) if one in symbols]
    if not kept or len(kept) < len(set(symbols)):
        raise ConfigError(f"{', '.join(sorted(symbols)) or 'None'} are not among {', '.join(frame.symbols)}.",
                          remedy="Name instruments of the study.")  # fmt: skip
    columns, traded = frame.columns, tuple(frame.traded[number] for number in kept)
    if len(kept) == len(frame.traded):
        return frame
    if columns.closes.ndim == 2:
        made = {name: np.ascontiguousarray(getattr(columns, name)[:, kept]) for name in (*PRICES, "volumes")}
        return replace(frame, traded=traded, columns=replace(columns, **made))
    rows = np.isin(columns.members, kept)
    made = {name: getattr(columns, name)[rows] for name in columns.names()}
    made["members"] = np.searchsorted(kept, made["members"]).astype(np.int64)
    return replace(frame, traded=traded, columns=replace(columns, **made))
