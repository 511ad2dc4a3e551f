"""The filter: the probability of each state given the data up to and including a month, never after it.

Hamilton (1989), "A New Approach to the Economic Analysis of Nonstationary Time Series and the Business Cycle",
Econometrica 57(2), equations 4.5 to 4.9; for a hidden Markov model it is the scaled forward pass (Rabiner 1989). There
is no backward pass in this package: a smoothed probability knows the future.
"""

import numpy as np

from mrie.panel.store import Floats


def gaussian_log_density(values: Floats, means: Floats, variances: Floats) -> Floats:
    """Return log densities, shape (months, states), of values (months, dims); unknown dims say nothing.

    ``means`` and ``variances`` have shape (states, dims); the covariance is diagonal.
    """
    known = np.isfinite(values)[:, None, :]
    distance = (np.nan_to_num(values)[:, None, :] - means) ** 2 / variances
    return -0.5 * np.where(known, distance + np.log(2 * np.pi * variances), 0.0).sum(axis=2)


def filtered(log_density: Floats, initial: Floats, transition: Floats) -> tuple[Floats, Floats]:
    """Return filtered probabilities, shape (months, states), and each month's predictive log density, shape (months,).

    Parameters
    ----------
    log_density
        Log density of each month's data in each state, shape (months, states).
    initial
        Probabilities of the states in the first month before its data, shape (states,).
    transition
        Row ``i`` holds the probabilities of going from state ``i`` to each; shape (states, states).
    """
    probabilities = np.empty_like(log_density)
    evidence = np.empty(len(log_density))
    prior = initial
    for month, density in enumerate(log_density):
        highest = density.max()
        joint = prior * np.exp(density - highest)
        total = joint.sum()
        probabilities[month] = joint / total
        evidence[month] = highest + np.log(total)
        prior = probabilities[month] @ transition
    return probabilities, evidence


def stationary(transition: Floats) -> Floats:
    """Return the long-run probabilities of the states."""
    size = len(transition)
    system = np.vstack([transition.T - np.eye(size), np.ones(size)])
    solved, *_ = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)
    return np.asarray(solved, dtype=np.float64)
