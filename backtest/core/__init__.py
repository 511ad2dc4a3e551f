"""The engine's core: pure, no input or output, no clock. It imports ``zeno``, numpy and numba alone."""
