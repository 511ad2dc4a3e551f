"""What parameters that depend on each other share: they rise, or make no sense together."""

from itertools import pairwise

from zeno.errors import ConfigError


def refuse_unless_rising(equal: bool = False, /, **values: float) -> None:
    """Refuse parameters that do not rise in the order in which they are given; for ``start``.

    Parameters
    ----------
    equal
        Two of them may be the same.

    Raises
    ------
    ConfigError
        When one is not above the one before it.

    >>> refuse_unless_rising(fast=10, slow=30)
    >>> refuse_unless_rising(True, low=0.5, high=0.5)
    """
    for (low, below), (high, above) in pairwise(values.items()):
        if not (below < above or (equal and below == above)):
            raise ConfigError(f"{low} {below} is {'above' if equal else 'not below'} {high} {above}",
                              remedy=f"choose a smaller {low} or a larger {high}")  # fmt: skip
