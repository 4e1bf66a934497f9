"""What is found of the claims of the post on D-PCC's losses, by rules written before the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from pcl_lib.experiments.claims import Claim, graded, tallied
from pcl_lib.experiments.runner.paired_difference import Difference

# The terms whose purpose is the number of children.
COUNTING = ("density", "counts")


def on_codec(
    page: str,
    *,
    stages: Sequence[int],
    error: str,
    to_counts: Mapping[str, float],
    cheaper: Difference,
) -> list[Claim]:
    """Claims on the network and its losses.

    - `stages`: points of the truth of each stage, coarse to fine; `error`: what the post's density loss ended with;
      `to_counts`: by term of the loss, the length of its gradient by the heads that count; `cheaper`: bits a point
      with a priced rate minus those without, paired by seed.
    """
    finer = sum(b > a for a, b in pairwise(stages))
    taught = {name for name, value in to_counts.items() if value > 0}
    return [
        Claim(
            'the penalty pushes "the encoder to produce features that are cheap to code"',
            "Entropy Encoding",
            f"{cheaper} bits a point",
            tallied([cheaper.sign]),
            f"{page}#training",
        ),
        Claim(
            'stages are compared with clouds "before downsampling destroyed detail"',
            "Chamfer Loss",
            f"{', '.join(f'{n:,}' for n in stages)} points, coarse to fine",
            graded(finer, len(stages) - 1),
            f"{page}#network",
        ),
        Claim(
            "the nearest true point is looked up by the match of the same stage",
            "Density Loss",
            f"ends in an error: {error.partition('(')[0].strip()}",
            graded(int("index" not in error), 1),
            f"{page}#the-index",
        ),
        Claim(
            "counts and mean distances are what teaches the decoder how many children a point has",
            "Density Loss, Point-Count Loss",
            f"a gradient from {', '.join(sorted(taught))} alone" if taught else "no gradient",
            graded(sum((name in taught) == (name in COUNTING) for name in to_counts), len(to_counts)),
            f"{page}#who-learns",
        ),
    ]
