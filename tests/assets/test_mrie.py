"""The regimes from Dagster: one asset a phase, downstream of the macro tables, all of one run, with figures to read."""

import dagster as dg
import pytest
from mrie_bench import load_macro

from assets.house import house_resource
from assets.mrie import GROUP, PHASE_ASSETS, phase_key
from assets.raw import table_key
from mrie.run import PHASES
from research.mlflow_store import opened

SHORT = {"first": "2000-06", "last": "2001-12"}


@pytest.fixture(scope="module")
def graph(manifest):
    from assets.build import build

    return build(manifest=manifest).get_repository_def().asset_graph


def test_there_is_an_asset_a_phase_that_a_person_can_read(graph):
    assert {key.path[1] for key in graph.get_all_asset_keys() if key.path[0] == GROUP} == set(PHASES)
    for phase in PHASES:
        node = graph.get(phase_key(phase))
        assert node.group_name == GROUP
        assert node.owners
        assert len(node.description) > 40


def test_lineage_runs_from_the_macro_table_to_the_report(graph):
    upstream, waiting = set(), [phase_key("report")]
    while waiting:
        parents = graph.get(waiting.pop()).parent_keys - upstream
        upstream |= parents
        waiting += parents
    assert {phase_key(phase) for phase in PHASES[:-1]} <= upstream
    assert table_key("raw.macro") in upstream
    assert table_key("sources.us_macro_monthly") in upstream


def test_the_job_runs_the_six_phases_as_one_run(warehouse, instance, settings, manifest):
    from assets.build import build

    load_macro(warehouse)
    job = build(manifest=manifest, settings=settings).get_repository_def().get_job("mrie")
    config = {"ops": {f"mrie__{phase}": {"config": SHORT} for phase in PHASES}}
    done = job.execute_in_process(run_config=config, instance=instance)
    assert done.success
    told = {one.asset_key.path[-1]: one.step_materialization_data.materialization.metadata
            for one in done.get_asset_materialization_events()}  # fmt: skip
    assert set(told) == set(PHASES)
    assert len({found["run"].value for found in told.values()}) == 1
    assert "| p_combined | " in told["validation"]["track record"].value
    assert told["regimes"]["months"].value == 19
    page = told["report"]["page"].value
    assert page.endswith("report.html")
    with opened(settings) as store:
        runs = store.client.search_runs([store.experiment("zeno-mrie")])
    mine = told["report"]["run"].value  # the store is the session's: other tests have runs in it
    names = [one.data.tags["mlflow.runName"] for one in runs if one.data.tags["zeno.study_id"] == mine]
    assert sorted(names) == ["mrie 2001-11", "refit 2000-01", "refit 2001-01"]


def test_an_empty_warehouse_fails_the_phase_with_its_remedy(warehouse, settings):
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([PHASE_ASSETS[0]], instance=instance, raise_on_error=False,
                              resources={"house": house_resource({}, settings)})  # fmt: skip
        (failed,) = [one for one in done.all_events if one.is_step_failure]
    assert "zeno elt run" in str(failed.step_failure_data.user_failure_data.metadata["remedy"])
