"""One suite crosses every registered indicator, on real bars; and finds every planted fault."""

from collections.abc import Callable

import numpy as np
import planted_indicators as planted
import pytest
from indicator_contract import (
    check_bounded,
    check_causal,
    check_compiled,
    check_deterministic,
    check_pure,
    check_resumes,
    check_warmup,
    interpreted,
    rows_for,
)  # fmt: skip
from real_bars import real_bars

from backtest.core.indicator import INPUTS, Indicator
from backtest.indicators import INDICATORS, MACD, SMA, registry
from zeno.errors import ConfigError

ROWS = 3_000


def smallest(cls: type[Indicator]) -> dict[str, float]:
    """Return every parameter at its lower bound."""
    return {name: field.initial if field.minimum is None else field.minimum for name, field in cls.parameters().items()}


def odd(cls: type[Indicator]) -> dict[str, float]:
    """Return an odd window, where there is one."""
    return {"n": 7} if "n" in cls.parameters() else {}


CASES = [
    pytest.param(lambda cls=cls, given=given: cls(**given), id=repr(cls(**given)))
    for cls in INDICATORS.values()
    for given in {repr(cls(**given)): given for given in ({}, smallest(cls), odd(cls))}.values()
]
every = pytest.mark.parametrize("make", CASES)


def rows_of(make: Callable[[], Indicator], count: int = ROWS) -> np.ndarray:
    return rows_for(make(), real_bars())[:count]


@every
def test_compiled_equals_interpreted_bit_for_bit(make: Callable[[], Indicator]) -> None:
    check_compiled(make, rows_of(make))
    check_compiled(make, rows_of(make, 500) / 7)  # and where nothing is a whole number


@every
def test_warms_up_exactly_as_declared(make: Callable[[], Indicator]) -> None:
    check_warmup(make, rows_of(make))


@every
def test_flat_market_has_finite_answers_from_the_same_update(make: Callable[[], Indicator]) -> None:
    rows = np.full((200, len(make().inputs())), 5.0)
    check_warmup(make, rows)
    assert np.isfinite(interpreted(make(), rows)[make().warmup() - 1 :]).all()
    check_compiled(make, rows)


@every
def test_market_at_zero_has_finite_answers(make: Callable[[], Indicator]) -> None:
    rows = np.concatenate([rows_of(make, 200), np.zeros((200, len(make().inputs()))), rows_of(make, 200)])
    assert np.isfinite(interpreted(make(), rows)[make().warmup() - 1 :]).all()
    check_compiled(make, rows)


@every
def test_compiled_equals_interpreted_on_signs_zeros_and_giants(make: Callable[[], Indicator]) -> None:
    choices = np.array([-1.0, -0.0, 0.0, 1.0, 0.1, 1e9, -3e-9])
    check_compiled(make, np.random.default_rng(11).choice(choices, (500, len(make().inputs()))))


@every
def test_is_pure(make: Callable[[], Indicator]) -> None:
    check_pure(make, rows_of(make, 400))


@every
def test_is_deterministic(make: Callable[[], Indicator]) -> None:
    check_deterministic(make, rows_of(make))


@every
def test_memory_is_bounded(make: Callable[[], Indicator]) -> None:
    check_bounded(make, rows_of(make))


@every
@pytest.mark.parametrize("cut", [1, 13, 100])
def test_resumes_from_pickle_and_words(make: Callable[[], Indicator], cut: int) -> None:
    check_resumes(make, rows_of(make, 300), cut)


@every
@pytest.mark.parametrize("cut", [1, 60, 300])
def test_is_causal(make: Callable[[], Indicator], cut: int) -> None:
    check_causal(make, rows_of(make, 600), cut)


@pytest.mark.parametrize("cls", INDICATORS.values())
def test_declares_known_inputs_and_documents_itself(cls: type[Indicator]) -> None:
    assert set(cls.inputs()) <= {*INPUTS, "x"}
    assert ">>>" in (cls.__doc__ or "")
    assert "Source: " in (cls.__doc__ or "").replace("Source:\n", "Source: ")
    assert cls.fields.keys() >= vars(cls()).keys()


@pytest.mark.parametrize(
    ("cls", "name", "wrong"),
    [
        (cls, name, wrong)
        for cls in INDICATORS.values()
        for name, field in cls.parameters().items()
        for wrong in (
            [] if field.minimum is None else [field.minimum - 1],
            [] if field.maximum is None else [field.maximum + 1],
            [2.5] if isinstance(field.initial, int) else [],
        )
        for wrong in wrong
    ],
)
def test_refuses_parameters_out_of_bounds(cls: type[Indicator], name: str, wrong: float) -> None:
    with pytest.raises(ConfigError, match=name):
        cls(**{name: wrong})


@pytest.mark.parametrize("cls", INDICATORS.values())
def test_bounds_every_parameter(cls: type[Indicator]) -> None:
    assert all(field.minimum is not None for field in cls.parameters().values())
    with pytest.raises(ConfigError, match="unknown"):
        cls(unknown=1)


def test_macd_refuses_a_fast_average_that_is_not_faster() -> None:
    with pytest.raises(ConfigError, match="fast must be below slow"):
        MACD(26, 26)


def test_registry_is_by_lower_case_name_and_refuses_duplicates() -> None:
    assert INDICATORS["sma"] is SMA
    assert all(name == cls.__name__.lower() for name, cls in INDICATORS.items())
    with pytest.raises(ConfigError, match="sma"):
        registry(SMA, type("Sma", (SMA,), {"__module__": SMA.__module__}))


# The suite goes red: each planted fault is found by the check that names it.


def feed_of_peeking(rows: np.ndarray) -> np.ndarray:
    planted.FEED[:] = rows[:, 0].tolist()
    return rows


@pytest.mark.parametrize("cut", [1, 60])
def test_finds_what_peeks(cut: int) -> None:
    rows = rows_of(SMA, 200)
    with pytest.raises(AssertionError, match="differ"):
        check_causal(planted.Peeking, rows, cut, feed=feed_of_peeking)
    with pytest.raises(AssertionError, match="differ"):
        check_causal(lambda: SMA(1), rows, cut, feed=lambda given: np.roll(given, -1, axis=0))


@pytest.mark.parametrize(
    ("check", "make", "said"),
    [
        (check_bounded, planted.Hoarding, "have become"),
        (check_bounded, planted.HoardingAside, "outside its words"),
        (lambda make, rows: check_resumes(make, rows, 50), planted.HoardingAside, "outside the declared fields"),
        (check_pure, planted.HoardingGlobally, "module or class changed"),
        (check_pure, planted.Sharing, "differ"),
        (check_deterministic, planted.Rolling, "differ"),
        (check_warmup, planted.TooEager, "is NaN at update"),
        (check_warmup, planted.TooCautious, "answers before"),
        (check_warmup, planted.Faltering, "is NaN at update 100"),
        (check_compiled, planted.Overflowing, "differ"),
    ],
)
def test_finds_planted_faults(
    check: Callable[[Callable[[], Indicator], np.ndarray], None], make: Callable[[], Indicator], said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        check(make, rows_of(make, 500))
