"""The ``zeno`` command: arguments, printing and wiring. Logic lives in the rooms that it calls."""
