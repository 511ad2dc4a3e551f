"""A virtual environment for each peer, made when first needed and kept in the cache until its pins change.

Pinned are the peer and what its speed and its numbers hang on; pip chooses the rest.
"""

import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = "benchmark-peers"
_INSTALL_SECONDS = 900


class PeerError(RuntimeError):
    """A peer cannot be installed or run; the message is for its row of the table."""


@dataclass(frozen=True)
class Environment:
    """What to install for one peer."""

    name: str
    requirements: tuple[str, ...]

    @property
    def pin(self) -> str:
        """What the environment was made from: it is made anew when this changes."""
        return "\n".join((f"python {platform.python_version()}", *self.requirements, ""))

    def interpreter(self, cache: Path) -> Path:
        """Return the environment's interpreter, having made the environment if need be.

        Raises
        ------
        PeerError
            If it cannot be installed.
        """
        folder = cache / FOLDER / self.name
        python, made = folder / "bin" / "python", folder / "pins.txt"
        if made.is_file() and made.read_text() == self.pin and python.exists():
            return python
        _command(sys.executable, "-m", "venv", "--clear", str(folder))
        _command(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.requirements)
        made.write_text(self.pin)  # last, so that an interrupted installation is done again
        return python


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        Environment("vectorbt", ("vectorbt[rust]==1.2.0", "numba==0.68.1", "numpy==2.4.6", "pandas==3.1.1")),
        Environment("raptorbt", ("raptorbt==0.13.4", "numpy==2.4.6")),
        Environment("backtesting", ("backtesting==0.6.6", "numpy==2.4.6", "pandas==3.1.1")),
        Environment("nautilus", ("nautilus_trader==1.221.0", "numpy==2.4.6", "pandas==2.3.3")),
        Environment("backtrader", ("backtrader==1.9.78.123", "numpy==2.4.6", "pandas==3.1.1")),
    )
}


def _command(*words: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"not installed: {type(error).__name__}") from error
    if done.returncode:
        raise PeerError(f"not installed: {last_line(done.stderr)}")


def last_line(text: str) -> str:
    """Return the last line that says something, shortened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return errors[-1][:120] if errors else "no message"
