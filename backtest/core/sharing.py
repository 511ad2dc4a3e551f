"""What a sweep does besides stepping: sharing indicators between parameter sets, and following the equity's fall."""

from typing import Any

from backtest.core.engine import BLOCK


def share(engine: Any, owner: Any, slots: Any, k: int, count: int) -> None:
    """Copy an indicator's readings of a block from the engine that computed them."""
    for slot in range(len(slots)):
        if slots[slot] == k:
            for j in range(slot * BLOCK, slot * BLOCK + count):
                engine.readings[j] = owner.readings[j]


def fall(marks: Any, start: int, stop: int, peak: int, deepest: int) -> tuple[int, int]:
    """Take a block of marks into the highest one so far and the deepest fall from it."""
    low = high = marks[start]
    for j in range(start, stop):
        low, high = min(low, marks[j]), max(high, marks[j])
    if high <= peak:
        return peak, max(deepest, peak - low)
    if high - low <= deepest:  # no fall in this block can be deeper
        return high, deepest
    for j in range(start, stop):
        peak = max(peak, marks[j])
        deepest = max(deepest, peak - marks[j])
    return peak, deepest
