"""What free clouds say of the claims of CALoss (its Sections 1 and 4.5 to 4.8), each by a rule of `claims`."""

from __future__ import annotations

from collections.abc import Sequence

from pcl_lib.experiments.claims import Claim, alike, graded, tallied
from pcl_lib.experiments.learned_losses.free_compare import (
    MARGIN,
    change,
    curve,
    faster,
    over_seeds,
    over_shapes,
    shapes_that_fall,
    signs,
    size_left,
    steps_to_both,
)
from pcl_lib.experiments.learned_losses.free_settings import BASELINE, FULL, PRE_TRAINED
from pcl_lib.experiments.runner.result import Result

MATCHING = (BASELINE, "CD lengths", "EMD")
TABLES = ("MCD", "HD")
# The steps that the paper names: a simple shape is there after 100, matching rules stand still after 200, CALoss goes
# on to 600.
EARLY, REST, END = 100, 200, 600
# "All-zero": at most so many per cent of what the representations were before training, in their norm and in their
# distance from each other: what is the same for all shapes tells as little as nothing, and is not zero.
ZERO = 1.0


def claims(result: Result, chapter: str) -> list[Claim]:
    """The claims that the record judges; `chapter` is the address of the chapter.

    The interval over seeds decides, since one CALoss serves all shapes; that over shapes stands beside it.
    """
    return [*_local_minima(result, chapter), *_training(result, chapter), *_ablations(result, chapter)]


def compared(result: Result, metrics: Sequence[str], losses: Sequence[str], than: str = FULL) -> str:
    """Each difference in words, with the interval over seeds and that over shapes."""
    parts = []
    for loss in losses:
        for metric in metrics:
            seeds, shapes = (f(result, metric, loss, than) for f in (over_seeds, over_shapes))
            parts.append(
                f"{loss} {metric} {seeds.mean:+z.0f} % ({seeds.low:+z.0f} to {seeds.high:+z.0f} over seeds, "
                f"{shapes.low:+z.0f} to {shapes.high:+z.0f} over shapes)"
            )
    return f"against {than}: {'; '.join(parts)}"


def _local_minima(result: Result, chapter: str) -> list[Claim]:
    still = [change(result, loss, "MCD", REST, END) for loss in MATCHING]
    return [
        Claim(
            'CD and EMD "may fall into inappropriate local minimums"',
            "1",
            compared(result, ["MCD"], MATCHING),
            tallied(signs(result, ["MCD"], MATCHING), wanted=1),
            f"{chapter}#free-clouds",
        ),
        Claim(
            '"CD and EMD have unchanged results ... after 200 iterations"',
            "4.5, Fig. 4",
            "MCD from step 200 to 600: "
            + "; ".join(
                f"{loss} {found.mean:+z.1f} % ({found.low:+z.1f} to {found.high:+z.1f})"
                for loss, found in zip(MATCHING, still, strict=True)
            )
            + f"; the margin is {MARGIN:.0f} %",
            alike(still, MARGIN),
            f"{chapter}#free-clouds",
        ),
    ]


def _training(result: Result, chapter: str) -> list[Claim]:
    later = {metric: change(result, FULL, metric, REST, END) for metric in ("MCD", "EMD")}
    fewer, of = shapes_that_fall(result, FULL, REST, END)
    at = [
        100 * curve(result, FULL, "EMD")[:, result.logged_steps.index(step)].mean()
        for step in (EARLY, REST, END)
    ]
    races = [faster(result, FULL, "PCLoss", cost=cost) for cost in (False, True)]
    steps = [steps_to_both(result, *pair).mean() for pair in ((FULL, "PCLoss"), ("PCLoss", FULL))]
    return [
        Claim(
            'CALoss "converge[s] to a simple shape after 100 iterations" and from 200 to 600 "gradually remove[s] '
            'differences"',
            "4.5, Fig. 4",
            f"EMD x 100 is {at[0]:.1f}, {at[1]:.1f} and {at[2]:.1f} at steps {EARLY}, {REST} and {END}; from {REST} to "
            f"{END} it falls for {fewer} of {of} shapes, "
            + ", ".join(
                f"{metric} {found.mean:+z.0f} % ({found.low:+z.0f} to {found.high:+z.0f} over seeds)"
                for metric, found in later.items()
            ),
            tallied([found.sign for found in later.values()]),
            f"{chapter}#free-clouds",
        ),
        Claim(
            '"CALoss converge[s] faster than PCLoss"',
            "4.5, Fig. 5",
            f"the lowest MCD that both reach is there after {steps[0]:.0f} steps, with PCLoss after {steps[1]:.0f}; "
            f"difference in steps {races[0].mean:+z.0f} % ({races[0].low:+z.0f} to {races[0].high:+z.0f}), in time "
            f"{races[1].mean:+z.0f} % ({races[1].low:+z.0f} to {races[1].high:+z.0f})",
            tallied([found.sign for found in races]),
            f"{chapter}#free-clouds",
        ),
        Claim(
            'PCLoss "produces rougher results", "rough contours" on legs and stands',
            "4.2, 4.5",
            compared(result, ["HD", "thin parts"], ["PCLoss"]),
            tallied(signs(result, ["HD", "thin parts"], ["PCLoss"]), wanted=1),
            f"{chapter}#free-clouds",
        ),
    ]


def _ablations(result: Result, chapter: str) -> list[Claim]:
    left = size_left(result, "L_p alone")
    basic, width = "L_p, L_adv", "L_p, L_adv, width"
    in_batch = ["L_p, in-batch", "L_p, in-batch, weighted"]
    controllers = ["controller max", "controller mean"]
    to_constant = over_seeds(result, "MCD", "constant weight")

    def worse(
        words: str, where: str, losses: Sequence[str], than: str = FULL, metrics: Sequence[str] = TABLES
    ) -> Claim:
        """A claim that each of these rows is worse than another."""
        return Claim(
            words,
            where,
            compared(result, metrics, losses, than),
            tallied(signs(result, metrics, losses, than), wanted=1),
            f"{chapter}#ablations",
        )

    return [
        worse('a pre-trained CALoss gives "quite rough shapes"', "4.7, Table 5", [PRE_TRAINED]),
        worse(
            '$L_p$ and $L_{adv}$ "both have very significant influences"',
            "4.8, Table 6",
            ["L_adv alone", in_batch[0]],
            basic,
        ),
        Claim(
            '$L_p$ alone leads to "all-zero output"',
            "4.8",
            f"after training the norm of the representations is {left[:, 0].mean():.2g} % of what it was, their "
            f"distance from each other {left[:, 1].mean():.2g} %",
            graded(int((left <= ZERO).sum()), left.size),
            f"{chapter}#ablations",
        ),
        worse('in-batch negatives have "weaker results"', "4.8, Table 6", in_batch, basic),
        worse('the regularisation of the width "has obvious influence"', "4.8, Table 6", [basic], width),
        worse(
            "the dynamic coefficient improves the result (against no coefficient)", "4.8, Table 6", [width]
        ),
        Claim(
            "and it does so by being dynamic (against a constant of the same size)",
            "4.8, Table 6",
            compared(result, ["MCD"], ["constant weight"])
            + f"; within {MARGIN:.0f} % of each other: {alike([to_constant], MARGIN)}",
            tallied([to_constant.sign], wanted=1),
            f"{chapter}#ablations",
        ),
        Claim(
            'the concatenation of maximum and mean "can indeed reduce the reconstruction errors"',
            "4.8, Table 7",
            compared(result, ["MCD"], controllers)
            + f"; within {MARGIN:.0f} % of each other: "
            + alike([over_seeds(result, "MCD", loss) for loss in controllers], MARGIN),
            tallied(signs(result, ["MCD"], controllers), wanted=1),
            f"{chapter}#ablations",
        ),
        worse(
            'maximum and mean in place of adaptive pooling are "quite inferior"',
            "4.8, Table 8",
            ["pooling max", "pooling mean"],
        ),
    ]
