"""Drift alarms: planted drifts ring, stable series do not, and the past is never told anew (G3)."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from risk_reports import month

from mrie.report.drift import (
    PageHinkley,
    StabilityRule,
    input_alarms,
    months_to_forget,
    score_alarm,
    stability,
    stability_threshold,
)

RULE = StabilityRule()


def months(count: int) -> list[date]:
    return [month(n) for n in range(count)]


def first_ring(scores: np.ndarray) -> int | None:
    test = PageHinkley()
    for at, score in enumerate(scores):
        test = test.step(float(score))
        if test.rings:
            return at
    return None


def persistent(random: np.random.Generator, count: int, rho: float) -> np.ndarray:
    """An AR(1) with standard deviation one."""
    shocks = random.normal(size=count) * np.sqrt(1 - rho**2)
    values = np.zeros(count)
    for at in range(1, count):
        values[at] = rho * values[at - 1] + shocks[at]
    return values


class TestPageHinkley:
    def test_a_stable_model_rings_in_few_of_many_long_series(self) -> None:
        random = np.random.default_rng(5)
        rings = [first_ring(random.normal(-1.2, 0.8, 600)) is not None for _ in range(100)]
        assert np.mean(rings) <= 0.06

    def test_a_fall_of_one_standard_deviation_rings_within_two_years(self) -> None:
        random = np.random.default_rng(6)
        delays = []
        for _ in range(60):
            scores = random.normal(-1.2, 0.8, 360)
            scores[240:] -= 0.8
            delays.append((first_ring(scores) or 999) - 240)
        assert 10 <= np.median(delays) <= 24
        assert np.mean(np.array(delays) < 0) <= 0.06

    def test_better_forecasts_do_not_ring(self) -> None:
        scores = np.random.default_rng(7).normal(size=300)
        scores[150:] += 2
        assert first_ring(scores) is None

    def test_one_month_alone_is_no_drift(self) -> None:
        scores = np.random.default_rng(8).normal(size=200)
        scores[150] = -400.0  # April 2020
        assert first_ring(scores) is None

    def test_the_burn_in_is_silent_and_teaches_the_scale(self) -> None:
        quiet = score_alarm("x", months(59), [-1.0, -50.0] * 29 + [-1.0])
        assert (quiet.value, quiet.since) == (None, None)
        assert "59 of 60" in quiet.meaning
        scores = np.random.default_rng(9).normal(size=200)
        wide = score_alarm("x", months(200), list(7 + 1000 * scores))
        assert wide.value == pytest.approx(score_alarm("x", months(200), list(scores)).value)

    def test_since_is_the_first_month_of_the_alarm_that_is_on(self) -> None:
        scores = np.random.default_rng(10).normal(size=200)
        scores[150:] -= 1.5
        at = first_ring(scores)
        alarm = score_alarm("x", months(200), list(scores))
        assert at is not None
        assert at >= 150
        assert alarm.since == month(at)
        assert alarm.value > alarm.threshold

    def test_it_never_looks_ahead(self) -> None:
        random = np.random.default_rng(11)
        scores = random.normal(size=150)
        states = [PageHinkley()]
        for score in scores:
            states.append(states[-1].step(float(score)))
        for cut in (70, 110, 149):
            other = np.concatenate([scores[:cut], random.normal(-9, 1, 30)])
            state = PageHinkley()
            for score in other[:cut]:
                state = state.step(float(score))
            assert state == states[cut]

    @pytest.mark.parametrize("score", [float("nan"), float("-inf")])
    def test_a_score_that_is_no_number_is_refused(self, score) -> None:
        with pytest.raises(ValueError, match="log score"):
            PageHinkley().step(score)

    def test_scores_without_any_spread_do_not_divide_by_zero(self) -> None:
        assert score_alarm("x", months(100), [1.0] * 100).since is None


class TestStability:
    def test_samples_alike_have_an_index_near_zero_and_shifted_ones_do_not(self) -> None:
        random = np.random.default_rng(1)
        reference = random.normal(size=4000)
        assert stability(reference, random.normal(size=4000)) < 0.01
        assert stability(reference, random.normal(2, 1, 4000)) > 1
        assert stability(reference, random.normal(0, 3, 4000)) > 0.3

    def test_the_index_by_hand(self) -> None:
        # Twelve values in three bins of four, six values all in the first, and half a month more in every bin.
        reference, recent = np.arange(1.0, 13.0), np.array([0.0] * 6)
        p, q = np.full(3, 4.5 / 13.5), np.array([6.5, 0.5, 0.5]) / 7.5
        assert stability(reference, recent, bins=3) == pytest.approx(float(np.sum((q - p) * np.log(q / p))))

    @pytest.mark.parametrize(("rho", "most"), [(0.0, 0.04), (0.9, 0.14)])
    def test_a_stable_series_rarely_exceeds_the_threshold(self, rho, most) -> None:
        random = np.random.default_rng(2)
        rings = []
        for _ in range(150):
            values = persistent(random, 600, rho)
            rings.append(stability(values[:-60], values[-60:]) > stability_threshold(values[:-60], 60, 0.01))
        assert np.mean(rings) <= most  # nominally 1%, which memory makes more

    def test_memory_is_one_month_without_it_and_longer_with_it(self) -> None:
        random = np.random.default_rng(3)
        assert months_to_forget(random.normal(size=2000)) < 2
        assert months_to_forget(persistent(random, 2000, 0.9)) > 5

    def test_a_planted_shift_rings_since_about_when_it_was_planted_and_others_stay_quiet(self) -> None:
        random = np.random.default_rng(4)
        moved, calm = persistent(random, 500, 0.5), persistent(random, 500, 0.5)
        moved[440:] += 3
        alarms = {alarm.name: alarm for alarm in input_alarms(months(500), {"moved": moved, "calm": calm})}
        assert alarms["moved"].since is not None
        assert month(440) < alarms["moved"].since <= month(480)
        assert alarms["calm"].since is None

    def test_what_was_said_of_a_month_stays(self) -> None:
        random = np.random.default_rng(12)
        values = persistent(random, 400, 0.5)
        values[350:] += 4
        changed = values.copy()
        changed[380:] = 99.0
        (before,) = input_alarms(months(380), {"x": values[:380]})
        (after,) = input_alarms(months(380), {"x": changed[:380]})
        assert before == after
        (later,) = input_alarms(months(390), {"x": values[:390]})
        assert later.since == before.since

    def test_months_without_a_value_are_left_out(self) -> None:
        values = persistent(np.random.default_rng(13), 400, 0.3)
        gaps = np.concatenate([np.full(50, np.nan), values])
        (with_gaps,) = input_alarms(months(450), {"x": gaps})
        (without,) = input_alarms(months(400), {"x": values})
        assert replace(with_gaps, since=None) == replace(without, since=None)

    @pytest.mark.parametrize("values", [np.zeros(400), np.arange(179.0), np.array([])])
    def test_too_few_months_or_values_are_said_to_be_too_few(self, values) -> None:
        (alarm,) = input_alarms(months(len(values)), {"x": values})
        assert (alarm.value, alarm.since) == (None, None)
        assert "Not running yet" in alarm.meaning

    def test_columns_of_another_length_are_refused(self) -> None:
        with pytest.raises(ValueError, match="3 values for 2 months"):
            input_alarms(months(2), {"x": [1.0, 2.0, 3.0]})
