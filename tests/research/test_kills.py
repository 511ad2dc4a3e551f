"""``kill -9`` of drivers and workers at random moments: the same answer as if nothing had happened, each result once.

``python -m benchmarks study-kills`` does a hundred.
"""

import pytest
from study_kills import Campaign

pytestmark = pytest.mark.kill


@pytest.mark.parametrize(("where", "kills"), [("dask", 10), ("local", 5)])
def test_a_walk_forward_study_survives_random_kills(where: str, kills: int, tmp_path):
    campaign = Campaign(tmp_path, where, seed=7)
    try:
        undisturbed = campaign.undisturbed()
        told = campaign.disturbed(kills)
    finally:
        campaign.close()
    assert told.kills == kills
    assert told.workers_killed or where == "local"
    assert told.result == undisturbed
    assert set(told.counts.values()) == {1}
