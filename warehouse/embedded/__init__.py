"""The embedded ClickHouse: real server nodes on this machine, from PyPI alone.

    zeno warehouse up
      control      starts one detached supervisor for the data folder, waits until every node answers a query
        supervisor   holds the folder's lock, starts an engine a node, restarts one that dies, ends them in order
          engine       loads the engine's library and serves HTTP and TCP on loopback until its pipe closes

``topology`` records nodes and ports, ``credentials`` makes the passwords, ``config`` renders ClickHouse's own files.
Why it is done so, and what was measured: docs/decisions/0001-embedded-clickhouse.md.
"""
