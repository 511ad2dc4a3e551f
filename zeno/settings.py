"""Settings: the only place that reads the environment, and only when asked.

| variable | meaning | default |
|---|---|---|
| ``ZENO_HOME`` | data folder: warehouse, credentials, logs, Dagster's storage | the platform's user data folder |
| ``ZENO_CACHE`` | downloaded archives; safe to delete | the platform's user cache folder |
| ``ZENO_SHARDS`` | nodes of the embedded warehouse | what the data folder has, else 1 |
| ``ZENO_CLICKHOUSE_URL`` | an external server, ``http[s]://user:password@host:port`` | none: embedded |
| ``ZENO_CLICKHOUSE_CLUSTER`` | the cluster's name on that server | none: one node |
| ``ZENO_DROP`` | the drop folder for CSV and Parquet files | ``drop`` in the data folder |
| ``ZENO_EXECUTOR`` | where studies run: ``local``, ``dask``, ``spark``, ``tcp://…``, ``spark://…`` | ``dask`` |
| ``ZENO_WORKERS`` | processes of an own Dask cluster, or cores of an own Spark | one a core |
| ``JAVA_HOME`` | the Java that Spark runs on | ``java`` on the PATH |
| ``ZENO_MLFLOW_URL`` | where MLflow records: ``http[s]://…`` or a database's URL | SQLite in the data folder |
| ``ZENO_DVC_REMOTE`` | where DVC keeps tracked files: a folder, or a URL that DVC knows | in the data folder |
| ``FRED_API_KEY`` | key of the FRED and ALFRED collectors | none: those collectors explain how to get one |
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from zeno.errors import ConfigError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
MAX_SHARDS = 16


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set from outside; build it with ``Settings.from_env``."""

    home: Path
    cache: Path
    drop: Path
    shards: int | None = None
    clickhouse_url: str | None = None
    clickhouse_cluster: str | None = None
    mlflow_url: str | None = None
    dvc_remote: str | None = None
    fred_api_key: str | None = None
    executor: str = "dask"
    workers: int | None = None
    java_home: Path | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the environment.

        Raises
        ------
        ConfigError
            If a variable is set to something it cannot be.
        """
        values = os.environ if env is None else env  # noqa: TID251 - this is the one place
        home = Path(values.get("ZENO_HOME") or platformdirs.user_data_path("zeno")).expanduser().resolve()
        cache = Path(values.get("ZENO_CACHE") or platformdirs.user_cache_path("zeno")).expanduser().resolve()
        return cls(
            home=home,
            cache=cache,
            drop=Path(values.get("ZENO_DROP") or home / "drop").expanduser().resolve(),
            shards=_shards(values.get("ZENO_SHARDS")),
            clickhouse_url=values.get("ZENO_CLICKHOUSE_URL") or None,
            clickhouse_cluster=values.get("ZENO_CLICKHOUSE_CLUSTER") or None,
            mlflow_url=values.get("ZENO_MLFLOW_URL") or None,
            dvc_remote=_folder_or_url(values.get("ZENO_DVC_REMOTE")),
            fred_api_key=values.get("FRED_API_KEY") or None,
            executor=values.get("ZENO_EXECUTOR") or "dask",
            workers=_workers(values.get("ZENO_WORKERS")),
            java_home=Path(values["JAVA_HOME"]) if values.get("JAVA_HOME") else None,
        )

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps its runs and events."""
        return self.home / "dagster"

    @property
    def studies(self) -> Path:
        """Where studies leave their pages, a folder each."""
        return self.home / "studies"

    @property
    def logs(self) -> Path:
        """Where services write their logs."""
        return self.home / "logs"

    def child_environment(self, **extra: str) -> dict[str, str]:
        """Return the environment for a child process, in which ``from_env`` gives these same settings."""
        own = {
            "ZENO_HOME": str(self.home),
            "ZENO_CACHE": str(self.cache),
            "ZENO_DROP": str(self.drop),
            "ZENO_SHARDS": str(self.shards or ""),
            "ZENO_CLICKHOUSE_URL": self.clickhouse_url or "",
            "ZENO_CLICKHOUSE_CLUSTER": self.clickhouse_cluster or "",
            "ZENO_MLFLOW_URL": self.mlflow_url or "",
            "ZENO_DVC_REMOTE": self.dvc_remote or "",
            "FRED_API_KEY": self.fred_api_key or "",
            "ZENO_EXECUTOR": self.executor,
            "ZENO_WORKERS": str(self.workers or ""),
        }
        return {**os.environ, **own, **extra}  # noqa: TID251 - a child inherits the rest


@contextmanager
def exported(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the block, for libraries that are configured in no other way. Not thread-safe."""
    before = {name: os.environ.get(name) for name in values}  # noqa: TID251
    os.environ.update(values)  # noqa: TID251
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)  # noqa: TID251
            else:
                os.environ[name] = value  # noqa: TID251


def _shards(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= MAX_SHARDS:
        raise ConfigError(f"ZENO_SHARDS is {text!r}.", remedy=f"Set it to a whole number from 1 to {MAX_SHARDS}.")
    return int(text)


def _workers(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise ConfigError(f"ZENO_WORKERS is {text!r}.", remedy="Set it to a whole number from 1.")
    return int(text)


def _folder_or_url(text: str | None) -> str | None:
    """Return a URL as it is and a folder in full, because children may run elsewhere."""
    if not text or "://" in text:
        return text or None
    return str(Path(text).expanduser().resolve())
