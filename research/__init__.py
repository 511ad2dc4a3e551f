"""Studies: durable specs, tasks and results, and the executors that run them in-process, on Dask and on Spark.

A study is a canonical spec whose hash is its id. It expands into tasks with deterministic ids; results are rows in
``research.*``; a runner submits only what is missing. What a task computes is not known here: rooms above (backtest,
mrie) declare kinds of studies.
"""
