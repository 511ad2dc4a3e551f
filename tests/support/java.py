"""Whether Spark can run here: tests that need it say so with a mark, and why when they are left out."""

import pytest

from research.java import require_java
from zeno.errors import ConfigError


def _missing() -> str:
    try:
        require_java()
    except ConfigError as error:
        return str(error)
    return ""


NEEDS_JAVA = pytest.mark.skipif(bool(_missing()), reason=_missing() or "there is a Java")
SPARK = pytest.param("spark", marks=NEEDS_JAVA)
