"""``pyarrow.compute`` for typed code: its functions are made at import, where no type checker can see them.

from zeno.arrow_compute import pc
"""

from typing import Any

import pyarrow.compute

pc: Any = pyarrow.compute
