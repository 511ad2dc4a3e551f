"""Numbers as a person reads them: a real minus, thousands set apart, tabular widths, a dash for what is not there."""

from collections.abc import Sequence
from decimal import Decimal

DASH = "–"
_MINUS = "\u2212"
_UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def number(value: float | Decimal | None, places: int = 2, *, sign: bool = False) -> str:
    """Format with thousands separators; None is a dash.

    >>> number(-1234.5), number(2, 0, sign=True)
    ('−1,234.50', '+2')
    """
    if value is None:
        return DASH
    if abs(value) >= 1e15:
        return f"{value:.3e}".replace("-", _MINUS)
    text = f"{value:+,.{places}f}" if sign else f"{value:,.{places}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", _MINUS)


def percent(value: float | None, places: int = 1, *, sign: bool = False) -> str:
    r"""Format a fraction as percent.

    >>> percent(-0.2643), percent(12.3456, 1)
    ('−26.4\xa0%', '1,234.6\xa0%')
    """
    return DASH if value is None else number(value * 100, places, sign=sign) + "\u00a0%"


def compact(value: float) -> str:
    """Format for an axis: 1.5M, 250k, 0.02.

    >>> compact(1_500_000), compact(-250_000), compact(0.02)
    ('1.5M', '−250k', '0.02')
    """
    size = abs(value)
    if size >= 1e15:
        return f"{value:.0e}".replace("-", _MINUS)
    for unit, letter in _UNITS:
        if size >= unit:
            return f"{value / unit:.3g}{letter}".replace("-", _MINUS)
    return f"{value:.3g}".replace("-", _MINUS)


def ticks_as_money(values: Sequence[float]) -> list[str]:
    """Write the ticks of one axis in one unit, with as many decimals as keep them apart.

    >>> ticks_as_money([500_000.0, 1_000_000.0]), ticks_as_money([0.0, 2.5])
    (['0.5M', '1.0M'], ['0.0', '2.5'])
    """
    largest = max(map(abs, values), default=0.0)
    unit, letter = next((pair for pair in _UNITS if largest >= pair[0]), (1.0, ""))
    return _evenly([value / unit for value in values], letter)


def ticks_as_percent(values: Sequence[float]) -> list[str]:
    """Write the ticks of one axis, which are fractions, as percent.

    >>> ticks_as_percent([-0.005, 0.0])
    ['−0.5%', '0.0%']
    """
    return _evenly([value * 100 for value in values], "%")


def _evenly(values: Sequence[float], suffix: str) -> list[str]:
    enough = (places for places in range(9) if all(abs(round(v, places) - v) < 1e-9 * max(1, abs(v)) for v in values))
    places = next(enough, 9)
    return [number(value, places) + suffix for value in values]
