"""Executors: where tasks run. One small protocol, three implementations, the same results bit for bit.

local     in this process, one task at a time: for small studies and for debugging
dask      an own LocalCluster of processes, or a scheduler's address (tcp://host:8786)
spark     local[N], or a master (spark://host:7077); needs Java 17
"""

from research.executors.choose import executor
from research.executors.protocol import Executor, ExecutorLost

__all__ = ["Executor", "ExecutorLost", "executor"]
