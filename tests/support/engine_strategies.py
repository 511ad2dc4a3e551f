"""Strategies made for testing the engine: they do a lot, and need no market to make sense of it."""

from backtest.core.flat import Flat, integers, parameter, part, state, window
from backtest.core.now import Now, Slice
from backtest.core.strategy import PanelStrategy, Strategy, indicator
from backtest.indicators import SMA


class Dice(Flat):
    """A linear congruential generator whose state is part of the strategy's: Knuth's MMIX constants are too wide."""

    word: int = state(1)

    def draw(self, sides: int) -> int:
        """Return a number from 0 to below ``sides``."""
        self.word = (self.word * 1_103_515_245 + 12_345) % 2_147_483_648
        return self.word // 65_536 % sides


class Remembering(Strategy):
    """Decides by what it has seen itself: numbers, windows of both kinds and a part, and a wake that reads them."""

    n: int = parameter(7, minimum=1)
    mean: float = indicator(SMA, "n")
    asked: int = state()
    drift: float = state(0.0)
    recent: list[float] = window(lambda self: self.n)
    counts: list[int] = integers(lambda self: 3)
    dice: Dice = part(Dice, lambda self: Dice())

    def wake(self, now: Now) -> bool:
        """Sleep on some slices, as the state says."""
        return (now.seen() + self.counts[0]) % 3 != 1 or self.recent[0] > self.drift

    def on_bar(self, now: Now) -> None:
        """Fold the slice into everything that is remembered, and trade on it."""
        self.recent[self.asked % self.n] = now.close - self.drift
        self.asked += 1
        self.drift += 0.25 * (now.close - self.drift)
        total = 0.0
        for k in range(self.n):
            total += self.recent[k]
        self.counts[self.dice.draw(3)] += 1
        now.target((1 if total > 0.0 else -1) * (self.counts[1] % 5) + (1 if now.close > self.mean else 0))


class Tallying(Strategy):
    """Remembers in windows and parts alone: it has no plain number of its own."""

    recent: list[float] = window(lambda self: 5)
    counts: list[int] = integers(lambda self: 3)
    dice: Dice = part(Dice, lambda self: Dice())

    def wake(self, now: Now) -> bool:
        """Sleep on some slices, as the state says."""
        return (now.seen() + self.counts[0]) % 3 != 1

    def on_bar(self, now: Now) -> None:
        """Fold the slice into what is remembered, and trade on it."""
        self.recent[self.counts[0] % 5] = now.close
        self.counts[self.dice.draw(3)] += 1
        now.target((1 if now.close > self.recent[0] else -1) * (self.counts[1] % 4))


class Turning(Strategy):
    """Turns on slice after slice, then rests, and remembers its position and orders before and after each."""

    turn: int = state()
    told: int = state()

    def on_bar(self, now: Now) -> None:
        """Remember, turn, remember."""
        self.turn += 1
        if self.turn % 2 == 0:
            self.told = (5 * self.told + now.position() + 3 * now.pending()) % 1_000_003
        now.hold((1, -1, 0, 1, 1, -1, -1)[self.turn % 7] if self.turn % 3 != 0 else 0)
        self.told = (5 * self.told + now.position() + 3 * now.pending()) % 1_000_003


class Waking(Strategy):
    """Wakes by prices and its position alone, and counts how often it was asked; some orders wait for a price."""

    asked: int = state()

    def wake(self, now: Now) -> bool:
        """Wake on about one slice in eight."""
        self.asked += 1
        return (now.close + self.asked) % (9 if now.position() + now.pending() > 0 else 7) == 0

    def on_bar(self, now: Now) -> None:
        """Trade at once, or not."""
        if self.asked % 3 == 0:
            now.limit(1 + self.asked % 4, now.close - 3)
        else:
            now.target(self.asked % 5 - 1)


class Watching(Strategy):
    """Wakes by its equity, which moves on every slice, and asks for it where ``wake`` itself does not show it."""

    best: int = state()

    def wake(self, now: Now) -> bool:
        """Wake when the account is worth less than it was."""
        return self.worse(now) or now.close % 13 == 0

    def worse(self, now: Now) -> bool:
        """Tell whether the equity has fallen."""
        return now.equity() < self.best

    def on_bar(self, now: Now) -> None:
        """Turn the position."""
        self.best = now.equity()
        now.target(3 - now.position() if now.close % 2 == 0 else -1)


class Judge(Flat):
    """Looks at an account for somebody else."""

    best: int = state()

    def worse(self, now: Now) -> bool:
        """Tell whether the equity is less than it was."""
        return now.equity() < self.best


class Delegating(Strategy):
    """Wakes by its equity, which a part of it asks for."""

    judge: Judge = part(Judge, lambda self: Judge())

    def wake(self, now: Now) -> bool:
        """Wake when the account is worth less than it was."""
        return self.judge.worse(now) or now.close % 13 == 0

    def on_bar(self, now: Now) -> None:
        """Turn the position."""
        self.judge.best = now.equity()
        now.target(3 - now.position() if now.close % 2 == 0 else -1)


class Busy(Strategy):
    """Throws dice for orders of every kind, with every time in force, and cancels some again."""

    seed: int = parameter(1)
    groups: int = parameter(1, minimum=0, maximum=1)
    dice: Dice = part(Dice, lambda self: Dice())
    last: int = state()

    def on_bar(self, now: Now) -> None:
        """Do one or two random things."""
        if self.last == 0:
            self.dice.word = self.seed * 7_919 + now.instrument * 104_729 + 1
            self.last = -1
        self.one_thing(now)
        if self.dice.draw(4) == 0:
            self.one_thing(now)

    def one_thing(self, now: Now) -> None:  # noqa: C901
        """Submit or cancel something."""
        what, quantity, away = self.dice.draw(15), self.dice.draw(9) - 4, self.dice.draw(8)
        up, side = now.close + away, 1 if quantity >= 0 else -1
        time = self.dice.draw(3)
        given = 0
        if what == 0:
            given = now.buy(quantity)
        elif what == 1:
            given = now.target(quantity)
        elif what == 2:
            given = now.hold(side)
        elif what == 3:
            given = now.limit(quantity, now.close - side * away, time)
        elif what == 4:
            given = now.stop(quantity, now.close + side * away, time)
        elif what == 5:
            given = now.stop_limit(quantity, now.close + side * away, up, time)
        elif what == 6:
            given = now.trail(quantity, away)
        elif what == 7:
            given = now.bracket(quantity, now.close + side * away, now.close - side * away)
        elif what == 8:
            given = now.bracket_limit(quantity, now.close - side * 2, now.close + side * away, now.close - side * away)
        elif what == 9:
            given = now.bracket_stop(quantity, now.close + side * 2, now.close + side * away, now.close - side * away)
        elif what == 10 and self.groups == 1:
            given = now.oca(quantity, now.close - away, up)
        elif what == 11:
            now.cancel(self.last)
        elif what == 12 and self.dice.draw(3) == 0:
            now.cancel_all()
        elif what == 13:
            now.weight(0.001 * quantity)
        if given > 0:
            self.last = given


class Rotation(PanelStrategy):
    """A panel's trades by dice, a mean and a past close, with state of its own."""

    n: int = parameter(5, minimum=1)
    mean: float = indicator(SMA, "n")
    dice: Dice = part(Dice, lambda self: Dice())
    chosen: list[int] = integers(lambda self: 8)

    def history(self) -> int:
        """Return how far back it looks."""
        return 6

    def on_slice(self, now: Slice) -> None:
        """Trade towards something in one of the instruments."""
        number = self.dice.draw(now.width)
        self.chosen[number % 8] += 1
        if now.past_close(number, 6) > now.close(number) or now.close(number) > self.mean[number]:
            now.target(number, self.dice.draw(9) - 4)
        elif self.chosen[number % 8] % 3 == 0:
            now.weight(number, 0.01)
        else:
            now.hold(number, self.dice.draw(3) - 1)
