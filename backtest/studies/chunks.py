"""Cutting work into tasks: the same cut wherever it is made."""

from collections.abc import Iterator

from zeno.errors import ConfigError


def chunks(count: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the first number of each chunk and the one after its last.

    Raises
    ------
    ConfigError
        When chunks would be empty.

    >>> list(chunks(5, 2))
    [(0, 2), (2, 4), (4, 5)]
    """
    if size < 1:
        raise ConfigError(f"A task cannot have {size} parts.", remedy="Give --chunk 1 or more.")
    return ((first, min(first + size, count)) for first in range(0, count, size))
