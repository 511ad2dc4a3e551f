"""Benchmarks: where every figure in the documentation comes from. ``python -m benchmarks --help``."""
