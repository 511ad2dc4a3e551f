"""MRIE, the Macro Regime Intelligence Engine: regimes, causal graph, scenarios, validation, report. US only.

Six phases, a module each: panel, models, causal graph, scenarios, validation and claims, report. Everything is in real
time: vintages as published, filtered (never smoothed) probabilities, statistics of the past only. Its output is a risk
reading with its disagreement and its track record; it never feeds a strategy.
"""
