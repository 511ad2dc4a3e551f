"""Backtests: the engine, its indicators and strategies, and the tear sheet of a run."""
