"""The MLflow store: where it is, how it is opened, and the command that shows it in a browser.

    default             <home>/mlflow/mlflow.db (SQLite), artefacts in <home>/mlflow/artifacts
    ZENO_MLFLOW_URL     a tracking server (http, https), or another database; its artefacts where the server says, or
                        for a database in the same folder as by default

The default database is made under another name and renamed once its schema is whole, because MLflow cannot always open
one whose process died half way through its schema. One process of this machine has the store at a time.
MLflow is imported when a store is opened: that takes seconds. It sends nothing anywhere but to the store.

Not here: what is recorded (``research.tracking``).
"""

import fcntl
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zeno.errors import ConfigError, SourceUnavailable
from zeno.settings import Settings, exported

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""What MLflow reads while it is imported; without it, it reports its use to its makers."""

# Its own patience with a server that is not there is minutes; a study should not hang on its own bookkeeping.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
_NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
_PORTS = range(1, 65536)


@dataclass(frozen=True)
class Store:
    """An open store.

    Parameters
    ----------
    client
        MLflow's client for it.
    artifacts
        URI under which a new experiment keeps its artefacts; None lets a tracking server choose.
    """

    client: "MlflowClient"
    artifacts: str | None

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made when there is none of that name."""
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return found.experiment_id
        location = None if self.artifacts is None else f"{self.artifacts}/{name}"
        return self.client.create_experiment(name, artifact_location=location)


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open the store for the block, and keep other processes of this machine waiting.

    Raises
    ------
    SourceUnavailable
        If the store does not answer, or is not one that this version of MLflow can use.
    """
    with _alone(settings), exported(QUIET | _PATIENCE):
        _import_quietly()
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            store = _connected(settings)
        except (MlflowException, SQLAlchemyError, ImportError, OSError) as error:
            raise _unavailable(settings, error) from error
        try:
            yield store
        except (MlflowException, SQLAlchemyError) as error:
            raise _unavailable(settings, error) from error


def ui_command(settings: Settings, *, port: int = 5000) -> list[str]:
    """Return the command that shows the store on ``http://127.0.0.1:<port>``; a signal to its process ends it.

    The store is made first where there is none.

    Raises
    ------
    ConfigError
        If the store is a tracking server, which has a UI of its own, or the port cannot be one.
    """
    if _is_server(settings.mlflow_url):
        raise ConfigError(f"MLflow is the server {_public(settings.mlflow_url)}.", remedy="Open it in a browser.")
    if port not in _PORTS:
        raise ConfigError(f"{port} is not a port.", remedy="Choose one from 1 to 65535.")
    with opened(settings):
        pass
    # A database's address may carry a password: in the environment it does not show in the list of processes.
    variables = QUIET | _NO_JOBS | {"MLFLOW_BACKEND_STORE_URI": tracking_url(settings)}
    return ["env", *(f"{name}={value}" for name, value in variables.items()),
            sys.executable, "-m", "mlflow", "server", "--default-artifact-root", str(_artifacts(settings)),
            "--no-serve-artifacts", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]  # fmt: skip


def tracking_url(settings: Settings) -> str:
    """Return the address of the store, as MLflow wants it."""
    return settings.mlflow_url or f"sqlite:///{_database(settings)}"


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    # Two processes could both find that a study has not landed, or both make the database.
    path = settings.home / "locks" / "mlflow.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _import_quietly() -> None:
    import mlflow  # noqa: F401 - configures its loggers when it is imported, ours come after

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _connected(settings: Settings) -> Store:
    """Connect to the store; the default database is there and whole afterwards."""
    from mlflow import MlflowClient

    database = _database(settings)
    if settings.mlflow_url is None and not database.exists():
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        database.parent.mkdir(parents=True, exist_ok=True)
        for stale in database.parent.glob(f"{database.name}.new*"):
            stale.unlink()
        fresh = database.with_name(database.name + ".new")
        SqlAlchemyStore(f"sqlite:///{fresh}", str(_artifacts(settings))).engine.dispose()
        fresh.replace(database)
    url = tracking_url(settings)
    return Store(MlflowClient(tracking_uri=url, registry_uri=url), _artifacts(settings))


def _database(settings: Settings) -> Path:
    return settings.home / "mlflow" / "mlflow.db"


def _artifacts(settings: Settings) -> str | None:
    return None if _is_server(settings.mlflow_url) else (settings.home / "mlflow" / "artifacts").as_uri()


def _is_server(url: str | None) -> bool:
    return url is not None and url.startswith(("http://", "https://"))


def _unavailable(settings: Settings, error: Exception) -> SourceUnavailable:
    where = _public(tracking_url(settings))
    reason = _public(str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__)
    if "out-of-date database schema" in str(error):
        remedy = f"Copy the database, then run: mlflow db upgrade {where}"
    elif isinstance(error, ImportError):
        remedy = "Install the driver of that database, or use a tracking server."
    else:
        remedy = "Look whether it runs and ZENO_MLFLOW_URL is right; what was recorded so far is kept, run it again."
    return SourceUnavailable(f"MLflow's store {where} refused: {reason}", remedy=remedy)


def _public(text: str | None) -> str:
    """Cut passwords out of addresses."""
    return re.sub(r"(://[^:/@\s]*):[^@/\s]*@", r"\1:…@", text or "")
