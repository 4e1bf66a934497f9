"""What a result comes to: values in the units of the paper, and paired differences between models; no drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pcl_lib.experiments.generation.published import HIGHER_IS_BETTER, MEASURES
from pcl_lib.experiments.generation.settings import THINNED
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result

UNITS = {"MMD-CD": 1e3, "MMD-EMD": 1e2}
CHANCE = 50.0
"""Of 1-NNA, in per cent: below it samples lie nearer to references than either do to their own kind."""


def models_of(result: Result) -> list[str]:
    """The models, in the order of the rows."""
    return [model for (model,) in result.configurations]


def values(result: Result, measure: str, model: str, *, thinned: bool = False) -> np.ndarray:
    """A measure of the runs of a model in the units of the paper, in the order of the seeds."""
    name = measure + THINNED * thinned
    return UNITS.get(measure, 1e2) * np.array(list(result.values(name, model).values()))


def badness(measure: str, found: np.ndarray) -> np.ndarray:
    """The lower the better: MMD as it is, COV with the other sign, 1-NNA as its distance from 50 %.

    >>> badness("1-NNA-CD", np.array([40.0, 65.0])).tolist(), badness("COV-CD", np.array([40.0])).tolist()
    ([10.0, 15.0], [-40.0])
    """
    if measure.startswith("1-NNA"):
        return abs(found - CHANCE)
    return -found if measure in HIGHER_IS_BETTER else found


def difference(
    result: Result, measure: str, model: str, than: str, *, thinned: tuple[bool, bool] = (False, False)
) -> Difference:
    """Paired differences of a measure, in its units. `thinned`: of which of the two near-duplicates are left out."""
    one, other = (
        values(result, measure, name, thinned=thin) for name, thin in zip((model, than), thinned, strict=True)
    )
    return Difference(tuple((one - other).tolist()))


def worse(result: Result, measure: str, model: str, than: str) -> Difference:
    """Paired differences of how bad two models are: below 0 the first is better."""
    one, other = (badness(measure, values(result, measure, name)) for name in (model, than))
    return Difference(tuple((one - other).tolist()))


def signs(result: Result, model: str, than: str, measures: Sequence[str] = MEASURES) -> list[int]:
    """For each measure -1 where a model is surely better than another, 1 where it is surely worse, else 0."""
    return [worse(result, measure, model, than).sign for measure in measures]
