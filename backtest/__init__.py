"""Backtest: one deterministic engine for research, paper and live, and what is built on it."""
