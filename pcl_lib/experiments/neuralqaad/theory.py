"""What the printed numbers and live code say of NeuralQAAD's claims, by rules.

The thresholds stand here, and were written before a number was seen. `on_print` counts in the paper alone,
`on_distances` computes its numbers itself; the other functions judge what the chapters have computed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from pcl_lib.data import synthetic
from pcl_lib.distances import em_kd, emd
from pcl_lib.experiments.claims import UNTESTED, Claim, graded, share, tallied
from pcl_lib.experiments.neuralqaad import published
from pcl_lib.experiments.neuralqaad.compare import all_shown, paired
from pcl_lib.experiments.neuralqaad.published import CHAMFER
from pcl_lib.experiments.neuralqaad.rules import (
    BOUNDS,
    CLAIM,
    FOLDING,
    INPUT,
    LARGE,
    QUADRATIC_COST,
    SAMPLES,
    SWAPS,
)
from pcl_lib.neighbors import nearest

MILLION = 1_000_000
PAIRS = 4  # of clouds
SLIGHTLY = 50.0  # per cent that the EM-kD of similar clouds may be above the EMD
MEMORY = 4 * 1024**3  # bytes in which a cloud of a million points is to be folded and reassigned
# "Hardly scaleable": a whole cloud through the other decoder takes so many times the memory of a sample through ours.
MORE, SOMEWHAT = 10.0, 2.0
# Codes that "suffer" from samples: two samples of a cloud are at least this share of the distance between shapes apart.
SUFFERS, A_LITTLE = 0.5, 0.1
EXACT = 1e-9  # relative: equal to the rounding of float64


def on_print(network: str) -> list[Claim]:
    """What the printed numbers alone decide."""
    page = f"{network}#{CLAIM}"
    recomputed = {
        data: [published.drop(data, row) for row in (CHAMFER, published.CONVERGED)] for data in published.SETS
    }
    cut = sum(sum(published.cut_off(data)) for data in published.SETS)
    ratios = {
        counted: [published.ratio(data, input_cloud=counted) for data in published.SETS]
        for counted in (False, True)
    }
    stated = [published.SIZES[data].ratio for data in published.SETS]
    hit = sum(
        abs(ours / theirs - 1) < 0.005
        for counted in ratios
        for ours, theirs in zip(ratios[counted], stated, strict=True)
    )
    images = published.images(), published.images(floats=True)
    return [
        Claim(
            'a batch of 32 clouds of 65,000 points "is equal to ... around 2,653 MNIST images"',
            "3.1",
            f"{images[0]:,.0f} if a point counts as a pixel, {images[1]:,.0f} in numbers",
            graded(sum(round(each) == 2653 for each in images), 2),
            page,
        ),
        Claim(
            "compression ratios of 3,311, 1,144 and 748 to 1",
            "4.3",
            "; ".join(
                f"{words} {', '.join(f'{each:,.0f}' for each in ratios[counted])}"
                for counted, words in (
                    (False, "without the input cloud"),
                    (True, "with it, as a file needs it,"),
                )
            ),
            graded(hit, 2 * len(stated)),
            f"{network}#{FOLDING}",
        ),
        Claim(
            "drops of 21 and 78 %, 69 and 86 %, 30 and 90 % in Table 1",
            "4.3",
            "from the printed values "
            + ", ".join(f"{a:.1f} and {b:.1f} %" for a, b in recomputed.values())
            + f"; {cut} of {2 * len(recomputed)} are these, cut off and not rounded",
            graded(cut, 2 * len(recomputed)),
            page,
        ),
    ]


def untestable(network: str) -> list[Claim]:
    """What the paper gives no numbers for."""
    return [
        Claim(
            'for generation "preliminary results have shown an unstable training process"',
            "5",
            "the paper has no numbers, no model and no data set of it",
            UNTESTED,
            f"{network}#{CLAIM}",
        )
    ]


def on_memory(network: str, whole: Mapping[int, float], sampled: Mapping[int, float]) -> Claim:
    """Bytes of a training step by the points of a cloud: of AtlasNetV2 on `whole` clouds, of ours on a sample."""
    largest = max(whole.keys() & sampled.keys())
    ratio = whole[largest] / sampled[largest]
    return Claim(
        'previous work is "hardly scaleable to more than just a few thousand points"',
        "Abstract",
        f"a step on a whole cloud of {largest:,} points takes {ratio:.1f} times the memory of one on a sample",
        share(ratio, holds=MORE, part=SOMEWHAT),
        f"{network}#{LARGE}",
    )


def on_million(network: str, *, points: int, peak: float, bounded: Sequence[bool]) -> Claim:
    """One forward pass and reassignment on a cloud: its `points`, the `peak` of memory in bytes, and whether matched
    mean and EM-kD were above the EMD wherever that was compared."""
    return Claim(
        'implicitly minimises the EMD "even for point clouds with way more than 10^6 points"',
        "Abstract",
        f"one pass and reassignment over {points:,} points in {peak / 1024**3:.1f} GB; {sum(bounded)} of "
        f"{len(bounded)} means of matched lengths and EM-kDs above the EMD",
        graded(int(points > MILLION) + int(peak <= MEMORY) + int(all(bounded)), 3),
        f"{network}#{LARGE}",
    )


def on_distances(page: str, *, leaf_size: int = 64) -> list[Claim]:
    """EM-kD above the EMD, on pairs of 512 points: two samples of a chair, and a chair and an airplane. Cost: 1 s."""
    chairs = [synthetic.two_samples("chair", 512, seed=seed) for seed in range(PAIRS)]
    others = [synthetic.two_samples("airplane", 512, seed=seed)[0] for seed in range(PAIRS)]
    excess = {
        "alike": [_excess(*pair, leaf_size) for pair in chairs],
        "unlike": [_excess(pair[0], other, leaf_size) for pair, other in zip(chairs, others, strict=True)],
    }
    above = sum(each >= 0 for values in excess.values() for each in values)
    alike, unlike = (float(np.mean(values)) for values in excess.values())
    number = f"EM-kD above the EMD by {alike:.0f} % for two samples of a shape, {unlike:.0f} % for two shapes"
    return [
        Claim(
            'the EM-kD is a "reliable upper bound for the EMD"',
            "Abstract",
            f"above the EMD for {above} of {2 * PAIRS} pairs, with exact leaves of {leaf_size}",
            graded(above, 2 * PAIRS),
            f"{page}#is-it-an-upper-bound",
        ),
        Claim(
            'it "may slightly overestimate" for similar clouds, and "penalizes very dissimilar point clouds even more"',
            "3.2",
            number,
            graded(int(alike < SLIGHTLY) + int(unlike > alike), 2),
            f"{page}#how-far-above",
        ),
    ]


def _excess(x: Tensor, y: Tensor, leaf_size: int) -> float:
    """By how many per cent the EM-kD is above the EMD."""
    return 100 * (float(em_kd(x, y, leaf_size=leaf_size).value / emd(x, y).value) - 1)


def on_samples(assignments: str, *, moved: float, spacing: float) -> Claim:
    """How far points that lay right were led away by the Chamfer distance of samples, and their spacing."""
    return Claim(
        'the Chamfer distance on samples "badly misguides gradient descent"',
        "1",
        f"from the right answer, points went {moved / spacing:.2g} times the spacing of the cloud",
        share(moved / spacing, holds=1.0, part=0.1),
        f"{assignments}#{SAMPLES}",
    )


def on_encoder(assignments: str, *, of_samples: float, of_shapes: float) -> Claim:
    """Mean distance of the codes of two samples of one cloud, and of the codes of two shapes."""
    found = of_samples / of_shapes
    return Claim(
        'PointNet encoders "suffer from exactly this problem"',
        "1",
        f"codes of two samples of one cloud are {100 * found:.0f} % as far apart as those of two shapes",
        share(found, holds=SUFFERS, part=A_LITTLE),
        f"{assignments}#{SAMPLES}",
    )


def on_starts(network: str, errors: Mapping[str, Sequence[float]]) -> Claim:
    """Distance of a start to each of the same clouds: of "one sample" and of other shapes, such as a square."""
    ours = errors["one sample"]
    against = {
        name: paired(100 * np.array(ours) / np.mean(values), 100 * np.array(values) / np.mean(values))
        for name, values in errors.items()
        if name != "one sample"
    }
    return Claim(
        'a random sample "is very likely to be closer to any other sample than an arbitrary primitive geometry"',
        "3.3",
        f"distance to the clouds of the set, of a sample against another shape: {all_shown(against)}",
        tallied([found.sign for found in against.values()]),
        f"{network}#{INPUT}",
    )


def on_quadratic(assignments: str, costs: Mapping[str, Sequence[float]]) -> Claim:
    """E(A) on the same points and clouds, of "linear" (the exact EMD), "true" and "trained" assignments and others."""
    linear = np.mean(costs["linear"])
    above, below = (
        paired(100 * np.array(costs[a]) / linear, 100 * np.array(costs[b]) / linear)
        for a, b in (("linear", "true"), ("trained", "linear"))
    )
    return Claim(
        "a linear assignment does not keep neighbours together, the quadratic one does",
        "3.4",
        "E(A): " + ", ".join(f"{name} {np.mean(values):.3g}" for name, values in costs.items()),
        tallied([-above.sign, below.sign]),
        f"{assignments}#{QUADRATIC_COST}",
    )


class Bounds(NamedTuple):
    """Of one cloud during a training, in lengths: the mean of its matched pairs, and four distances."""

    matched: float
    emd: float
    em_kd: float
    there: float
    back: float

    @classmethod
    def of(cls, made: Float[Tensor, "n d"], targets: Float[Tensor, "n d"]) -> Bounds:
        """Of points and the targets that each of them has, row by row."""
        ways = (nearest(*pair).sq_dist.sqrt() for pair in ((made, targets), (targets, made)))
        lengths = ((made - targets).norm(dim=-1), emd(made, targets).value, em_kd(made, targets).value, *ways)
        return cls(*(float(each.mean()) for each in lengths))

    @property
    def hold(self) -> bool:
        """Matched mean and EM-kD are above the EMD, and this above each direction of the Chamfer distance."""
        return min(self.matched, self.em_kd) >= self.emd * (1 - 1e-6) and self.emd * (1 + 1e-6) >= max(
            self.there, self.back
        )


def on_bounds(assignments: str, found: Sequence[Bounds]) -> Claim:
    return Claim(
        'minimising the matches "optimizes any criterion like the EMD, EM-kD or Chamfer distances, too"',
        "3.4",
        f"matched mean and EM-kD above the EMD, and this above each direction of the Chamfer distance, at "
        f"{sum(each.hold for each in found)} of {len(found)} looks; matched mean below the EM-kD at "
        f"{sum(each.matched < each.em_kd for each in found)}",
        graded(sum(each.hold for each in found), len(found)),
        f"{assignments}#{BOUNDS}",
    )


def on_reassignment(assignments: str, *, falls: Sequence[float], gains: Sequence[float]) -> Claim:
    """By how much the summed loss fell in each pass at frozen weights, and the sum of its gains, in float64."""
    equal = sum(bool(np.isclose(a, b, rtol=EXACT)) and a > 0 for a, b in zip(falls, gains, strict=True))
    return Claim(
        '"each reassignment is guaranteed to reduce the error"',
        "3.4",
        f"at frozen weights the loss fell by exactly the sum of the gains in {equal} of {len(falls)} passes",
        graded(equal, len(falls)),
        f"{assignments}#{SWAPS}",
    )
