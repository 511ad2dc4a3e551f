"""Scores against independent implementations and by hand."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as reference_log_loss

from mrie.validation import auc, brier, calibration_bins, cycle_bootstrap, delong, expected_calibration_error, log_loss
from mrie.validation.auc import cycle_blocks

RANDOM = np.random.default_rng(11)
TRUTH = np.tile([0] * 40 + [1] * 10, 8)
SCORE = np.clip(0.25 + 0.4 * TRUTH + RANDOM.normal(0, 0.2, len(TRUTH)), 0.01, 0.99)
WORSE = np.clip(SCORE + RANDOM.normal(0, 0.3, len(TRUTH)), 0.01, 0.99)


def test_scores_equal_scikit_learns():
    assert auc(TRUTH, SCORE) == pytest.approx(roc_auc_score(TRUTH, SCORE), abs=1e-12)
    assert auc(TRUTH, np.round(SCORE, 1)) == pytest.approx(roc_auc_score(TRUTH, np.round(SCORE, 1)), abs=1e-12)
    assert brier(TRUTH, SCORE) == pytest.approx(brier_score_loss(TRUTH, SCORE), abs=1e-12)
    assert log_loss(TRUTH, SCORE) == pytest.approx(reference_log_loss(TRUTH, SCORE), abs=1e-12)


def test_without_a_recession_there_is_no_auc():
    calm = np.zeros(30, dtype=np.int64)
    assert auc(calm, SCORE[:30]) is None
    assert cycle_bootstrap(calm, SCORE[:30]) is None
    assert delong(calm, SCORE[:30], SCORE[:30]) is None


def test_calibration_by_hand():
    truth, score = np.array([0, 1, 1, 1]), np.array([0.05, 0.05, 0.95, 1.0])
    bins = calibration_bins(truth, score)
    assert bins[["months", "forecast", "observed"]].to_numpy().tolist() == [[2, 0.05, 0.5], [2, 0.975, 1.0]]
    assert expected_calibration_error(truth, score) == pytest.approx(0.5 * 0.45 + 0.5 * 0.025)


def test_delong_equals_its_definition():
    """Placements counted pair by pair, as the paper writes them."""
    up, down = np.flatnonzero(TRUTH == 1), np.flatnonzero(TRUTH == 0)

    def placements(score):
        wins = (score[up][:, None] > score[down]) + 0.5 * (score[up][:, None] == score[down])
        return wins.mean(axis=1), wins.mean(axis=0)

    (a10, a01), (b10, b01) = placements(SCORE), placements(WORSE)
    variance = np.var(a10 - b10, ddof=1) / len(up) + np.var(a01 - b01, ddof=1) / len(down)
    found = delong(TRUTH, SCORE, WORSE)
    assert found.error == pytest.approx(np.sqrt(variance), rel=1e-9)
    assert found.difference == pytest.approx(roc_auc_score(TRUTH, SCORE) - roc_auc_score(TRUTH, WORSE), abs=1e-12)
    assert found.p_value < 0.05


def test_a_score_does_not_differ_from_itself():
    assert delong(TRUTH, SCORE, SCORE).p_value == 1.0


def test_blocks_are_whole_cycles_and_with_few_recessions_two_years():
    blocks, method = cycle_blocks(TRUTH)
    assert (method, {len(block) for block in blocks}) == ("cycles", {50})
    blocks, method = cycle_blocks(TRUTH[:100])
    assert (method, [len(block) for block in blocks]) == ("blocks", [24, 24, 24, 24, 4])


def test_the_interval_holds_the_area_and_is_seeded():
    interval = cycle_bootstrap(TRUTH, SCORE)
    assert interval.low < auc(TRUTH, SCORE) < interval.high
    assert cycle_bootstrap(TRUTH, SCORE) == interval


def test_shuffled_labels_score_near_one_half():
    areas = [auc(RANDOM.permutation(TRUTH), SCORE) for _ in range(50)]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.02)
