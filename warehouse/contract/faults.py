"""Which rows are bad, and why: one reason a row, the first that was found."""

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


class Faults:
    """Collects the reasons for which rows of a batch are refused.

    Parameters
    ----------
    rows
        Number of rows in the batch.
    """

    def __init__(self, rows: int) -> None:
        self._code = np.zeros(rows, np.int16)
        self._reasons: list[tuple[str, str]] = [("", "")]

    def add(self, bad: Mask, reason: str, detail: str) -> None:
        """Mark ``bad`` rows, unless an earlier rule has them."""
        if bad.any():
            self._reasons.append((reason, detail))
            self._code[bad & (self._code == 0)] = len(self._reasons) - 1

    @property
    def any(self) -> bool:
        """Whether a row is bad."""
        return len(self._reasons) > 1

    @property
    def bad(self) -> Mask:
        """True for rows that are refused."""
        return self._code != 0

    def reason(self, row: int) -> tuple[str, str]:
        """Return reason and detail of a refused row."""
        return self._reasons[self._code[row]]
