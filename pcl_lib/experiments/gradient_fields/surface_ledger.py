"""What becomes of ShapeGF's claims on surfaces (its Sections 3.5, 4.1 and D.2): numbers in, verdicts by rules out.

The thresholds were written before a number was seen.
"""

from __future__ import annotations

from collections.abc import Mapping

from pcl_lib.experiments.claims import Claim, alike, graded, share, tallied
from pcl_lib.experiments.gradient_fields.compare import all_shown, shown
from pcl_lib.experiments.gradient_fields.sparse_ledger import COMPARABLE
from pcl_lib.experiments.runner.paired_difference import Difference

REMOVED, KEPT = 0.9, 0.95  # shares of the false surface that go, and of the true one that stays
SHELL = 0.1  # the thickness is 2 delta within this share


def on_surfaces(
    chapter: str,
    *,
    against_atlasnet: Mapping[str, Difference],
    from_sparse: Difference,
    margin: float = COMPARABLE,
) -> list[Claim]:
    """The claims on surfaces, from the numbers of their own experiment.

    - `against_atlasnet`: ours minus AtlasNet's over test shapes, by metric: "CD" and "mesh accuracy" are claimed, "EMD"
      is shown too. `from_sparse`: mesh accuracy from 256 points against that from all, in per cent.
    """
    claimed = [against_atlasnet[name].sign for name in ("CD", "mesh accuracy")]
    return [
        Claim(
            'surfaces: "outperforms AtlasNet in both CD and Mesh accuracy"',
            "D.2, Table 7",
            all_shown(against_atlasnet),
            tallied(claimed),
            f"{chapter}#surfaces",
        ),
        Claim(
            '"a smooth iso-surface, even when only a sparse point cloud (i.e. 256 points) is provided"',
            "4.1, Fig. 4",
            f"mesh accuracy from 256 points {shown(from_sparse)}, margin {margin:.0f} %",
            alike([from_sparse], margin),
            f"{chapter}#surfaces",
        ),
    ]


def on_surface(
    page: str, *, thickness: float, delta: float, removed: float, kept: float, at_axis: float
) -> list[Claim]:
    """Marching cubes on the norm of the field.

    - `thickness`: between both sheets, mean, as `delta` a length. `removed`: share of the false surface that the test
      of second derivatives discards, `kept`: share of the true one that stays. `at_axis`: share of the false surface
      that lies nearer to the medial axis than to the shape.
    """
    double = abs(thickness / (2 * delta) - 1) < SHELL
    return [
        Claim(
            'marching cubes "tend to create a double surface"',
            "D.2",
            f"the sheets are {thickness:.3g} apart, 2δ is {2 * delta:.3g}",
            graded(int(double), 1),
            f"{page}#the-surface",
        ),
        Claim(
            'the second-derivative test can "discard these regions"',
            "3.5",
            f"{100 * removed:.0f} % of the false surface discarded, {100 * kept:.0f} % of the true one kept",
            graded(sum((removed > REMOVED, kept > KEPT)), 2),
            f"{page}#the-surface",
        ),
        Claim(
            'failures come from "the bifurcation area"',
            "D.2",
            f"{100 * at_axis:.0f} % of the false surface lie at the medial axis",
            share(at_axis, holds=REMOVED, part=0.5),
            f"{page}#the-surface",
        ),
    ]
