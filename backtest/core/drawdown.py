"""What a sweep follows instead of keeping a journal: the deepest fall of the equity from its peak."""

from typing import Any


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
