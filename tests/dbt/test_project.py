"""Conventions of the dbt project, and its own tests run on a real warehouse."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import marts
import pytest
import yaml

from warehouse.bars_from_ticks import COLUMNS, LATENESS_SECONDS, LENGTHS
from warehouse.schema.ddl import _described
from warehouse.schema.model import Placement, Table
from warehouse.schema.registry import TABLES
from warehouse.store import Warehouse
from warehouse.transform import build

PROJECT = Path(__file__).parents[2] / "dbt"
FILES = [yaml.safe_load(path.read_text()) for path in sorted(PROJECT.glob("models/*/*.yml"))]
MODELS: dict[str, dict[str, Any]] = {model["name"]: model for file in FILES for model in file["models"]}
UNIT_TESTED = {test["model"] for file in FILES for test in file.get("unit_tests", [])}
SQL = {path.stem: path for path in sorted(PROJECT.glob("models/*/*.sql"))}


def test_sources_are_the_declared_tables():
    sources = yaml.safe_load((PROJECT / "models" / "sources.yml").read_text())["sources"]
    found = {f"{source['schema']}.{entry['name']}": entry for source in sources for entry in source["tables"]}
    assert found == {name: _source(table) for name, table in TABLES.items()}


def _source(table: Table) -> dict[str, Any]:
    columns = [(column.name, column.sql_type, _described(column)) for column in table.columns]
    columns += [(name, "DateTime64(6, 'UTC')", f"Computed: {value}.") for name, value in table.aliases.items()]
    suffix = "{{ env_var('ZENO_DBT_LOCAL_SUFFIX', '') }}"
    return {
        "name": table.short,
        **({"identifier": table.short + suffix} if table.placement is Placement.SHARDED else {}),
        "description": f"{table.grain[0].upper()}{table.grain[1:]}. {table.doc}".strip(),
        "columns": [{"name": name, "data_type": kind, "description": doc} for name, kind, doc in columns],
    }


def test_every_model_is_described_and_every_description_has_a_model():
    assert set(MODELS) == set(SQL)


@pytest.mark.parametrize("name", SQL)
def test_a_model_has_grain_contract_key_not_null_and_a_unit_test(name: str):
    model, folder = MODELS[name], SQL[name].parent.name
    assert model["description"].startswith("One row per ")
    contract = {"marts": "project", "staging": model.get("config", {}).get("contract", {}).get("enforced")}[folder]
    assert contract, "enforce the contract"
    keys = [test["unique_key"]["arguments"]["columns"] for test in model["data_tests"] if "unique_key" in test]
    assert keys
    columns = {column["name"]: column for column in model["columns"]}
    assert set(keys[0]) <= set(columns)
    assert any("not_null" in column.get("data_tests", ()) for column in columns.values())
    assert all(column.get("data_type") and column["description"].endswith(".") for column in columns.values())
    assert name in UNIT_TESTED


def test_marts_enforce_their_contracts():
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert project["models"]["zeno"]["marts"]["+contract"] == {"enforced": True}
    assert project["flags"]["send_anonymous_usage_stats"] is False


@pytest.mark.parametrize("name", SQL)
def test_models_are_short(name: str):
    assert len(SQL[name].read_text().splitlines()) <= 60


def test_no_python_stands_in_the_project():
    assert list(PROJECT.rglob("*.py")) == []


def test_profiles_hold_no_value_of_a_machine():
    (output,) = yaml.safe_load((PROJECT / "profiles.yml").read_text())["zeno"]["outputs"].values()
    for name in ("host", "port", "user", "password", "secure"):
        assert re.match(r"{{ env_var\('ZENO_DBT_", output[name])


def test_reconciliation_knows_the_columns_and_the_lateness():
    for bars in LENGTHS:
        assert {c["name"]: c["data_type"] for c in MODELS[bars]["columns"]} == COLUMNS
    assert yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["lateness_seconds"] == LATENESS_SECONDS


def test_the_projects_own_tests_pass(warehouse: Warehouse):
    day = date(2024, 3, 1)
    marts.load(warehouse, *marts.random_day(3, day))
    build(warehouse, days=[day], thorough=True)


def test_the_store_has_the_types_codecs_and_comments_that_are_declared(warehouse: Warehouse):
    for bars in LENGTHS:
        rows = warehouse.client().rows(
            "SELECT name, type, compression_codec, comment FROM system.columns "
            f"WHERE database = 'marts' AND table = '{bars}'"
        )
        declared = [
            (c["name"], c["data_type"], f"CODEC({c['codec']})", c["description"]) for c in MODELS[bars]["columns"]
        ]
        assert rows == declared
