"""Surrogate series: the same spectrum, hence the same autocorrelation, and no relation to anything.

Phases of the Fourier transform are drawn anew (Theiler et al. 1992, Physica D 58). An edge whose cause is replaced by
its surrogate is a placebo: how often placebos pass is how often the predicates pass by luck.
"""

import zlib

import numpy as np


def phase_randomised(values: np.ndarray, seed: tuple[int, ...]) -> np.ndarray:
    """Return a surrogate of the longest stretch without gaps; NaN elsewhere.

    Parameters
    ----------
    values
        Shape (months,).
    seed
        Words of the seed: the same words give the same series.
    """
    first, last = longest_stretch(np.isfinite(values))
    known = values[first:last]
    spectrum = np.fft.rfft(known)
    phases = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, len(spectrum))
    phases[0] = 0.0
    if len(known) % 2 == 0:
        phases[-1] = 0.0  # the highest frequency of an even length is real
    surrogate = np.full(len(values), np.nan)
    surrogate[first:last] = np.fft.irfft(spectrum * np.exp(1j * phases), n=len(known))
    return surrogate


def placebo_seed(seed: int, edge: str, number: int) -> tuple[int, int, int]:
    """Return the seed words of an edge's placebo: each edge and each number has its own, whoever runs it."""
    return seed, zlib.crc32(edge.encode()), number


def longest_stretch(known: np.ndarray) -> tuple[int, int]:
    """Return start and end (exclusive) of the longest run of True.

    >>> longest_stretch(np.array([True, False, True, True]))
    (2, 4)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    return int(starts[longest]), int(ends[longest])
