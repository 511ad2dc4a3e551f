"""What does not compile says where and why, in one line, in every compiled lane; ``auto`` runs it all the same."""

from pathlib import Path

import pytest
import walks
from numba.core.errors import TypingError

from backtest.core import lanes
from backtest.core.kernels import CannotCompile, gist
from backtest.core.now import Now
from backtest.core.session import Session
from backtest.core.strategy import Strategy


class Catching(Strategy):
    """Names an exception, which has no compiled form."""

    def on_bar(self, now: Now) -> None:
        try:
            now.hold(1)
        except ValueError as error:
            print(error)


@pytest.mark.parametrize("lane", ["batch", "live"])
def test_the_message_names_the_strategy_the_line_and_what_to_do(lane: str, tmp_path: Path) -> None:
    session = Session(Catching(), walks.terms(), tmp_path)
    session.feed(walks.daily(20))
    with pytest.raises(CannotCompile, match=r"Catching cannot be compiled: .*test_cannot_compile\.py:\d+") as caught:
        lanes.prepare(session, lane)
    assert "--lane dense" in caught.value.remedy


def test_the_gist_is_the_cause_and_the_first_place_without_colours() -> None:
    error = TypingError(
        "\x1b[1m\x1b[1mFailed in nopython mode pipeline (step: nopython frontend)\n"
        "\x1b[1m- Resolution failure for literal arguments:\n"
        "\x1b[1mUnknown attribute 'hodl' of type flat backtest.core.now.Now\n\n"
        'File "mine.py", line 38:\x1b[0m\n    def on_bar(self, now):\n        now.hodl(1)\n\n'
        "During: typing of get attribute at /home/me/mine.py (38)\n"
        "- Resolution failure for non-literal arguments:\nNone\n"
        "During: typing of call at backtest/core/engine.py (209)\n"
    )
    assert gist(error) == "Unknown attribute 'hodl' of type flat backtest.core.now.Now (/home/me/mine.py:38)"
