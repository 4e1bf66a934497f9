"""What is found of the claims of the post on D-PCC's losses, by rules written before the numbers.

Chamfer's gradients, which the post works by hand, are judged in `foundations/which-chamfer`; what needs records, in
`recorded_ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from pcl_lib.experiments.claims import HOLDS, NOT, ONE_SEED, PART, Claim, graded, tallied
from pcl_lib.experiments.compression.recorded_ledger import on_rates, on_terms
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference

# The page that the records stand on, from a chapter.
LEDGER = "../synthesis/ledger-dpcc.html"
# The terms whose purpose is the number of children.
COUNTING = ("density", "counts")
# A stream is as long as its estimate within this share of it and so many bytes.
STREAM_SHARE, STREAM_BYTES = 0.01, 8
# A number is an integer if it is as near to one as this.
INTEGER = 1e-3
# A noisy rate is that of the rounded code within so many bits a symbol.
SAME_RATE = 0.05


def on_bits(
    page: str,
    *,
    slopes: Sequence[float],
    narrow: Sequence[float],
    median_off: float,
    untrained: tuple[float, float],
    long_stream: tuple[float, float],
    histories: Sequence[np.ndarray],
    points: int,
    masses: Sequence[float],
    mass_sum: float,
    rates: Record | None,
) -> list[Claim]:
    """Claims on entropy coding.

    - `slopes`: of rounding and of the noisy code; `narrow`: bits of a narrow latent, rounded and noisy; `median_off`:
      how far a median lies from an integer;
    - `untrained`, `long_stream`: bytes estimated and written, before the quantiles are trained and after;
    - `histories`: of one training for each weight of the rate, from 0 up, rows whose columns 1 to 3 are the Chamfer
      distance, bits a point as estimated, and as written, for so many `points`;
    - `masses`: of the most frequent symbol after each; `mass_sum`: of the likelihoods of all integers;
    - `rates`: the record that judges whole files, with more than one seed.
    """
    rounding, noisy = slopes
    bias = narrow[1] - narrow[0]
    streams = np.concatenate(list(histories))[:, 2:4] * points / 8
    within = [_near(told, written) for told, written in streams]
    apart = abs(streams[:, 1] - streams[:, 0]).max()
    untrained_more = 100 * (untrained[1] / untrained[0] - 1)
    told, written = long_stream
    return [
        Claim(
            'noise is added "to keep gradients flowing"',
            "Entropy Encoding",
            f"slope {noisy:g}, of rounding {rounding:g}; in the rate {bias:+.2f} bits for a narrow code",
            HOLDS if noisy and not rounding and abs(bias) <= SAME_RATE else PART if noisy else NOT,
            f"{page}#noise-against-rounding",
        ),
        Claim(
            '"at inference the features are hard-rounded to integers"',
            "Entropy Encoding",
            f"a median lies {median_off:.2f} from an integer",
            graded(int(median_off <= INTEGER), 1),
            f"{page}#from-estimate-to-bytes",
        ),
        Claim(
            'the coder "does not run during training", its bits are computed',
            "Entropy Encoding",
            f"streams written beside a training are at most {apart:.1f} bytes from the estimate",
            graded(sum(within), len(within)),
            f"{page}#the-lagrangian-on-points",
        ),
        Claim(
            "the rate is differentiable",
            "Entropy Encoding",
            f"slope {noisy:g} through the noise",
            graded(int(noisy != 0), 1),
            f"{page}#noise-against-rounding",
        ),
        Claim(
            "a latent is coded by compress() and decompress(), at inference alone",
            "Entropy Encoding",
            f"{untrained_more:.0f} % more bytes if the quantiles were not trained before",
            graded(int(untrained_more < 100 * STREAM_SHARE), 1),
            f"{page}#from-estimate-to-bytes",
        ),
        on_rates(rates, LEDGER)[0],
        Claim(
            'training drives "a compact, peaked latent distribution"',
            "Rate-distortion loss",
            f"largest mass {masses[0]:.2f} without a price, {masses[-1]:.2f} with the highest, one seed",
            ONE_SEED,
            f"{page}#the-lagrangian-on-points",
        ),
        Claim(
            'the loss is "the sum of three terms"',
            "Loss Functions",
            "four are listed; the code that the post describes has two more",
            NOT,
            f"{page}#what-the-post-claims",
        ),
        Claim(
            "Shannon's entropy estimates the bits of the coder",
            "BPP loss",
            f"{written:,.0f} bytes written, {told:,.0f} estimated",
            graded(int(_near(told, written)), 1),
            f"{page}#from-estimate-to-bytes",
        ),
        Claim(
            "likelihoods are the cumulative function (the post asks)",
            "BPP loss",
            f"they add up to {mass_sum:.3f} over the integers, as masses do",
            graded(int(abs(mass_sum - 1) > INTEGER), 1),
            f"{page}#a-function-that-learns-to-be-cumulative",
        ),
    ]


def _near(told: float, written: float) -> bool:
    return abs(written - told) <= STREAM_SHARE * told + STREAM_BYTES


def on_codec(
    page: str,
    *,
    stages: Sequence[int],
    error: str,
    to_counts: Mapping[str, float],
    cheaper: Difference,
    ablation: Record | None,
) -> list[Claim]:
    """Claims on the network and its losses.

    - `stages`: points of the truth of each stage, coarse to fine; `error`: what the post's density loss ended with;
      `to_counts`: by term of the loss, the length of its gradient by the heads that count; `cheaper`: bits a point
      with a priced rate minus those without, paired by seed; `ablation`: the record that judges what each term does.
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
        *on_terms(ablation, LEDGER),
    ]
