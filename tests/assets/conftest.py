"""Small data sets, the definitions over them, and a Dagster instance that starts empty."""

import shutil
from collections.abc import Callable, Iterator, Mapping

import dagster as dg
import pytest
from builders import trades
from datasets import make_dataset

from assets.build import build
from assets.dbt_project import read_manifest
from assets.instance import open_instance
from collectors.dataset import Dataset
from zeno.settings import Settings


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, object]:
    """The manifest of our own dbt project."""
    home = tmp_path_factory.mktemp("manifest")
    return read_manifest(Settings(home=home, cache=home, drop=home / "drop"))


@pytest.fixture
def settings(warehouse) -> Settings:
    """The settings of an empty warehouse, whose Dagster and drop folder are empty too."""
    found = warehouse.settings
    for folder in (found.dagster_home, found.drop):
        shutil.rmtree(folder, ignore_errors=True)
    return found


@pytest.fixture
def instance(settings) -> Iterator[dg.DagsterInstance]:
    """The persistent instance of that data folder."""
    with open_instance(settings) as opened:
        yield opened


@pytest.fixture
def define(settings, manifest) -> Callable[..., dg.Definitions]:
    """Build definitions over some data sets, by default one of three trades."""

    def made(*datasets: Dataset, retry: dg.RetryPolicy | None = None) -> dg.Definitions:
        chosen = datasets or (make_dataset("test", trades()),)
        return build(datasets={entry.name: entry for entry in chosen}, settings=settings, manifest=manifest,
                     retry=retry or dg.RetryPolicy(max_retries=1, delay=0))  # fmt: skip

    return made
