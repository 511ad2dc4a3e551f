"""Every choice of the models in one place, frozen before evaluation; docs/mrie-validation.md lists what was tried.

Two composites of five groups. Production, labour and claims are coincident and weigh 1; housing and equity lead, they
weigh half. A group is the mean of its members' standardised growth, so a missing series is averaged over.

The states' anchors are (trend, momentum) in standard deviations: their order is their meaning, and the prior holds it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Features that measure one thing; ``sign`` turns them so that more is better."""

    name: str
    weight: float
    trend: tuple[str, ...]
    momentum: tuple[str, ...]
    sign: int = 1


@dataclass(frozen=True)
class State:
    """A state's name, its anchor (trend, momentum), and whether it counts as a recession."""

    name: str
    anchor: tuple[float, float]
    recession: bool = False


GROUPS = (
    Group(
        "production",
        1.0,
        ("production_3", "production_6", "manufacturing_3", "manufacturing_6"),
        ("production_1", "production_2", "production_3", "manufacturing_1", "manufacturing_2", "manufacturing_3"),
    ),
    Group(
        "labour",
        1.0,
        ("payrolls_3", "payrolls_6", "hours_3", "hours_6"),
        ("payrolls_1", "payrolls_2", "payrolls_3", "hours_1", "hours_2", "hours_3"),
    ),
    Group("claims", 1.0, ("claims_6",), ("claims_1", "claims_2", "claims_3"), sign=-1),
    Group("housing", 0.5, ("permits_12", "starts_12"), ("permits_3", "permits_6", "starts_3", "starts_6")),
    Group("equity", 0.5, ("equity_6", "equity_12"), ("equity_2", "equity_3")),
)

EXPANSION = State("expansion", (0.5, 0.4))
SLOWDOWN = State("slowdown", (-0.3, -0.4))
HARD_LANDING = State("hard_landing", (-2.0, -1.9), recession=True)
RECOVERY = State("recovery", (-1.0, 0.4))
BOOM = State("boom", (1.2, 1.2))

STATE_SETS = {
    2: (EXPANSION, HARD_LANDING),
    3: (EXPANSION, SLOWDOWN, HARD_LANDING),
    4: (EXPANSION, SLOWDOWN, HARD_LANDING, RECOVERY),
    5: (EXPANSION, SLOWDOWN, HARD_LANDING, RECOVERY, BOOM),
}
"""The candidates among which ``states.choose_states`` chooses."""

LEADING = ("spread", "funds_spread", "spread_low", "permits_12")
"""Members of the 12-months-ahead index, equally weighted."""


@dataclass(frozen=True)
class ModelSpec:
    """The models' settings.

    Parameters
    ----------
    states
        The hidden Markov model's states.
    anchor_months, variance_months, variance
        The prior's weight on the anchors and on the states' ``variance``, in months of data.
    restarts
        Starting points of each model beside the anchored one, jittered by a seed.
    floor
        Least share of months that each state must hold; a fit below it is refused.
    clip
        Standard deviations at which a standardised feature is cut.
    start
        First month of training, YYYY-MM: when growth over a year exists for all concepts.
    minimum
        Least number of months to train on.
    refit_month
        Calendar month (1..12) from which a year's parameters hold.
    penalty
        The logit's inverse ridge penalty (scikit-learn's C).
    horizon
        Months ahead of the leading reading.
    seed
        Seed of all restarts.
    """

    states: tuple[State, ...] = STATE_SETS[5]
    anchor_months: float = 300.0
    variance_months: float = 50.0
    variance: float = 0.4
    restarts: int = 4
    floor: float = 0.02
    clip: float = 3.5
    start: str = "1961-01"
    minimum: int = 96
    refit_month: int = 1
    penalty: float = 1.0
    horizon: int = 12
    seed: int = 20240101

    @property
    def names(self) -> tuple[str, ...]:
        """The states' names, by index."""
        return tuple(state.name for state in self.states)


DEFAULT = ModelSpec()
