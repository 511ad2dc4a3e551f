"""What importing the compiler brings along, and that it leaves numba whole for others in the process."""

import subprocess
import sys

_IMPORTED = """
import sys
import numba
import backtest.core.compiler
numba.njit(lambda x: x + 1)(1)
print("scipy.linalg" in sys.modules)
"""
_LINEAR_ALGEBRA = """
import numba
import numpy as np
import backtest.core.compiler
print(numba.np.linalg.ensure_blas.__module__)
square = np.array([[2.0, 1.0], [1.0, 3.0]])
solved, spread = numba.njit(lambda a: (np.linalg.solve(a, a @ a), np.cov(a)))(square)
print(np.allclose(solved, square), np.allclose(spread, np.cov(square)))
"""


def _printed(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_start_does_not_pay_for_linear_algebra_that_the_engine_has_not():
    assert _printed(_IMPORTED) == "False"


def test_who_compiles_linear_algebra_beside_the_engine_still_can():
    assert _printed(_LINEAR_ALGEBRA) == "numba.np.linalg\nTrue True"


_EMITTED = """
from numba import njit
from numba.core import codegen
from backtest.core.compiler import compiled

def halved(x):
    if x % 2:
        raise ValueError("odd")
    return x // 2

def quartered(x):
    return halved(halved(x))

emitted = []
finalize = codegen.JITCodeLibrary._finalize_specific
codegen.JITCodeLibrary._finalize_specific = lambda self: (emitted.append(self.name), finalize(self))[1]
inner = compiled(quartered)

@njit
def entry(x):
    return inner(x)

print(entry(12), [name for name in emitted if "halved" in name or "quartered" in name], "entry" in emitted)
try:
    entry(6)
except ValueError as error:
    print(error)
"""


def test_what_only_compiled_functions_call_has_no_machine_code_of_its_own():
    assert _printed(_EMITTED) == "3 [] True\nodd"
