"""What strategies share that hold nothing overnight: the time of the session, and the way home."""

from backtest.core.flat import parameter, state
from backtest.core.now import Now
from backtest.core.strategy import Strategy

MINUTE = 60_000_000


class Intraday(Strategy):
    """Base of strategies that are flat at the end of a session; needs several bars a session.

    An order trades at the next open, and after the last bar that is the next session's. So they leave ``leave`` minutes
    into the session, which is 15 before the end of an American one; what is still there at the end goes at the next
    open.
    """

    leave: int = parameter(375, minimum=1)
    began: int = state()

    def minutes(self, now: Now) -> int:
        """Return how many minutes of the session have passed; to be asked on every slice."""
        if now.session_first():
            self.began = now.time() - now.duration
        return (now.time() - self.began) // MINUTE

    def over(self, now: Now, minutes: int) -> bool:
        """Tell whether it is time to leave."""
        return now.session_last() or minutes >= self.leave

    def go_home(self, now: Now) -> None:
        """Take every order back and close the position."""
        now.cancel_all()
        now.hold(0)
