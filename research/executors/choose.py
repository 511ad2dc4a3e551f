"""From what a user writes to an executor."""

import os

from research.executors.protocol import Executor
from zeno.errors import ConfigError

NAMES = ("local", "dask", "spark")


def executor(where: str, workers: int | None = None) -> Executor:
    """Return the executor of ``local``, ``dask``, ``spark``, ``tcp://…`` (Dask) or ``spark://…``, ``local[N]`` (Spark).

    Parameters
    ----------
    workers
        Processes of an own cluster; one a core unless given.

    Raises
    ------
    ConfigError
        When there is no such executor, or it does not answer.
    """
    count = workers or os.cpu_count() or 1
    if where == "local":
        from research.executors.local import LocalExecutor

        return LocalExecutor()
    if where == "dask" or where.startswith(("tcp://", "tls://")):
        from research.executors.dask import DaskExecutor

        return DaskExecutor(count, None if where == "dask" else where)
    if where == "spark" or where.startswith(("spark://", "local[", "k8s://", "yarn")):
        from research.executors.spark import SparkExecutor

        return SparkExecutor(count, None if where == "spark" else where)
    raise ConfigError(f"There is no executor {where!r}.",
                      remedy=f"One of {', '.join(NAMES)}, tcp://host:8786 or spark://host:7077.")  # fmt: skip
