"""The vocabulary that every room shares: money, instruments, time, settings, errors, telemetry.

Nothing here performs I/O on the warehouse, talks to a network or knows another room: ``zeno`` is the bottom layer.
"""
