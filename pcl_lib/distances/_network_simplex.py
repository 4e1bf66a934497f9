"""The cheapest transport plan by POT's network simplex, refined until duality proves it to be the cheapest."""

from __future__ import annotations

import threading
import warnings
from types import ModuleType

import numpy as np

from pcl_lib._quiet import import_quietly

_PIVOTS = 10_000_000
# Excess over the cheapest, as a share of the cost: what ends the refinement, and what is refused after it.
_AIM, _REFUSED = 1e-10, 1e-9
_ROUNDS = 8
# Reduced costs beyond this many times their mean over the plan are cut to it: the solver's tolerance grows with the
# largest cost, and such pairs carry nothing. Where one of them did, the proof would fail.
_SPAN = 1e6

_one_at_a_time = threading.Lock()


def load_solver() -> ModuleType:
    """The module `ot.lp`, which is slow to import and wanted by few. For the calling thread, before it asks others."""
    try:
        return import_quietly("ot.lp")
    except SyntaxError:
        # Compiled for the first time where warnings are errors: POT writes "\d", of which Python warns. Only then are
        # the filters touched, which belong to all threads.
        with _one_at_a_time, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_quietly("ot.lp")


def cheapest_plan(mass_x: np.ndarray, mass_y: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """Plan (N, M) of sum 1 that moves `mass_x` (N,) onto `mass_y` (M,), of equal sums, at the least `cost` (N, M).

    The simplex stops at a tolerance that grows with the largest cost. So its potentials are taken off the costs and
    the rest is solved again at its own size, until the plan costs next to nothing: costs that are nowhere negative,
    and differ from the true ones by a number of each row and each column, prove by what is left how far the plan can be
    from the cheapest.
    """
    left, size = cost, cost.max() or 1.0
    best, least_excess = None, np.inf
    for _ in range(_ROUNDS):
        cut = left if best is None else np.minimum(left, _SPAN * size)
        plan, u, v = _solve(mass_x, mass_y, cut / size)
        # First the sum: potentials of far clusters are large, and opposite.
        left = left - (u[:, None] + v) * size
        left -= left.min(1, keepdims=True)
        left -= left.min(0)
        pays = float((plan * cost).sum())
        excess = min(pays, float((plan * left).sum()))
        share = excess / pays if pays else 0.0
        gained, least_excess = share < least_excess / 2, min(share, least_excess)
        best = plan if best is None or share == least_excess else best
        if least_excess <= _AIM or not gained:
            break
        size = excess / mass_x.sum()
    if best is None or least_excess > _REFUSED:
        raise RuntimeError(
            f"no optimal plan found for {len(mass_x)} and {len(mass_y)} points: the best one found may cost a share of "
            f"{least_excess:.1g} too much; their costs span too many decades, leave out far points"
        )
    return best / mass_x.sum()


def _solve(
    mass_x: np.ndarray, mass_y: np.ndarray, cost: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    trouble = None
    try:
        # Where the solver gives up it warns, and says so in the log. Warnings cannot be silenced in one thread alone.
        plan, log = load_solver().emd(mass_x, mass_y, cost, numItermax=_PIVOTS, log=True)
        trouble = log["warning"]
    except UserWarning as warning:
        trouble = str(warning)
    if trouble is not None:
        raise RuntimeError(
            f"no optimal plan found for {len(mass_x)} and {len(mass_y)} points: {trouble}; take fewer points"
        )
    return plan, log["u"], log["v"]
