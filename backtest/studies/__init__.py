"""Kinds of studies: how a spec becomes tasks, what a task computes, how results are put together."""
