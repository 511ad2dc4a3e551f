"""Dagster definitions over the other rooms, and the only room that imports Dagster."""
