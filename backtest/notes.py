"""What a reader has to know of a run besides its figures: in its summary, on its tear sheet, in a comparison."""

from typing import TYPE_CHECKING

from backtest.caveats import caveats_of

if TYPE_CHECKING:
    from backtest.run import Result


def notes_of(result: "Result") -> list[str]:
    """Return all notes on a run: what its data suffer from."""
    return caveats_of(result.frame)
