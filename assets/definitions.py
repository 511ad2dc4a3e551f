"""What Dagster loads: ``dagster-webserver -m assets.definitions``.

Importing this reads no environment and opens nothing. Settings are read when Dagster asks for the definitions (where
dbt's manifest is kept) and when a run starts (everything else).
"""

import dagster as dg

from assets.build import build


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of the installed collectors and models."""
    return build()
