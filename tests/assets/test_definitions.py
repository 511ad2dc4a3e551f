"""The definitions: assembled from what is declared, complete, and free of anything at import."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from assets.build import build
from assets.partitions import years_of
from assets.raw import table_key
from collectors.registry import DATASETS
from warehouse.schema import TABLES
from zeno.settings import PROJECT_ROOT

LOAD = """
import os
from pathlib import Path
import assets.definitions
assert not list(Path(os.environ["HOME"]).rglob("*")), "importing wrote something"
found = assets.definitions.defs()
repository = found.get_repository_def()
repository.load_all_definitions()  # as the webserver does: it also compares the names of jobs and steps
print(len(repository.asset_graph.get_all_asset_keys()))
"""


@pytest.fixture(scope="module")
def graph(manifest):
    return build(manifest=manifest).get_repository_def().asset_graph


def test_they_load_with_no_environment_and_no_warehouse(tmp_path):
    run = subprocess.run([sys.executable, "-c", LOAD], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False,
                         env={"HOME": str(tmp_path)})  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert int(run.stdout) > len(TABLES)
    assert not list(tmp_path.rglob("warehouse")), "loading the definitions started a warehouse"


def test_the_file_that_dagster_loads_is_short():
    assert len(Path(PROJECT_ROOT / "assets" / "definitions.py").read_text().splitlines()) < 40


@pytest.mark.parametrize("name", [name for name, entry in TABLES.items() if entry.database in ("raw", "ref")])
def test_every_declared_table_is_an_asset_that_a_person_can_read(graph, name):
    check_readable(graph, name)


def test_every_model_is_an_asset_that_a_person_can_read(graph, manifest):
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert models
    for node in models:
        check_readable(graph, f"{node['schema']}.{node['name']}")


@pytest.mark.parametrize("name", [*DATASETS, "drop_folder"])
def test_every_data_set_is_an_asset_that_a_person_can_read(graph, name):
    check_readable(graph, f"sources.{name}")


def check_readable(graph, name: str) -> None:
    node = graph.get(table_key(name))
    assert node.is_materializable
    assert len(node.description or "") >= len("One row per trade.")
    assert node.group_name == name.split(".")[0]
    assert node.owners


def test_lineage_runs_from_the_source_through_the_table_to_the_mart(graph):
    assert graph.get(table_key("raw.trades")).parent_keys >= {table_key("sources.emini_trades")}
    upstream, waiting = set(), [table_key("marts.bars_1d")]
    while waiting:
        parents = graph.get(waiting.pop()).parent_keys - upstream
        upstream |= parents
        waiting += parents
    assert table_key("sources.emini_trades") in upstream


def test_no_asset_hangs_in_the_air(graph):
    loose = [key for key in graph.get_all_asset_keys() if not graph.get(key).is_materializable]
    assert not loose, f"dbt reads tables that are not declared: {loose}"


def test_instruments_load_before_what_names_symbols(graph):
    first = table_key("sources.instruments")
    assert all(
        first in graph.get(table_key(f"sources.{name}")).parent_keys for name in DATASETS if name != first.path[1]
    )


def test_checks_that_guard_correctness_block(graph):
    blocking = {key.name for key in graph.asset_check_keys if graph.get(key).blocking}
    assert {"contract", "reconcile", "gaps_us_equities_daily"} <= blocking
    assert not {"quarantine_rate", "freshness", "gaps_ecb_fx_daily"} & blocking


def test_bars_are_backfilled_by_the_year_in_one_run(graph, manifest):
    bars = [node["name"] for node in manifest["nodes"].values() if "bars" in node.get("tags", ())]
    assert len(bars) == 4
    for name in bars:
        node = graph.get(table_key(f"marts.{name}"))
        assert node.partitions_def.get_partition_keys()[33] == "2013"
        assert node.backfill_policy.max_partitions_per_run is None


def test_the_schedule_names_its_time_zone(manifest):
    schedule = build(manifest=manifest).get_repository_def().get_schedule_def("daily")
    assert schedule.execution_timezone == "America/New_York"


def test_a_range_of_days_is_a_range_of_years():
    tags = years_of(date(2013, 9, 1), date(2026, 5, 2))
    assert set(tags.values()) == {"2013", "2026"}
