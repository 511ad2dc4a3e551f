"""Memory for what a run writes from end to end: the journal, the marks, the engines of a sweep.

Memory costs a fault when a page of it is first written; small pages made that a fair part of a batch run's time. Here
they are large, where the system has such, and what one run is done with goes to the next: a study makes thousands.
"""

import ctypes
import mmap
import weakref
from collections import deque
from contextlib import suppress

import numpy as np

_PAGE = 2**21  # bytes of a large page on x86-64 and arm64
_WORTH = 2**18  # bytes from which a large page costs less than the small ones would
_KEPT = 2**24  # bytes of the largest block that waits for another run

_idle: deque[mmap.mmap] = deque(maxlen=8)


def fresh(words: int) -> np.ndarray:
    """Return so many int64, of any content; the memory is another's once no array looks at it any more."""
    size = 8 * words
    if size < _WORTH or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.empty(words, np.int64)
    block = _block(-(-size // _PAGE) * _PAGE)
    lent = (ctypes.c_int64 * (len(block) // 8)).from_buffer(block)
    weakref.finalize(lent, _take_back, block).atexit = False
    return np.frombuffer(lent, np.int64, words)  # type: ignore[call-overload]


def _block(size: int) -> mmap.mmap:
    """Return an idle block of a size, or a new one; whoever has popped a block is the only one that has it."""
    others, found = [], None
    with suppress(IndexError):
        while found is None:
            one = _idle.pop()
            if len(one) == size:
                found = one
            else:
                others.append(one)
    _idle.extend(others)
    return found or _mapped(size)


def _mapped(size: int) -> mmap.mmap:
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel may be without large pages
        block.madvise(mmap.MADV_HUGEPAGE)
    return block


def _take_back(block: mmap.mmap) -> None:
    if len(block) <= _KEPT:
        _idle.append(block)
