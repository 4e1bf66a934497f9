"""What records say of the design, of the points of a step, and of the claim at size, by rules."""

from __future__ import annotations

from collections.abc import Sequence

from pcl_lib.experiments.claims import ONE_SEED, Claim, tallied
from pcl_lib.experiments.neuralqaad import compare
from pcl_lib.experiments.neuralqaad.compare import all_shown, shown
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS
from pcl_lib.experiments.neuralqaad.rules import (
    DESIGN,
    LARGE,
    MARGIN,
    POINTS,
    lasting,
    lower,
    missing,
    no_worse,
)
from pcl_lib.experiments.neuralqaad.settings import (
    MEAN_START,
    PATCH_COUNTS,
    SHARED,
    USUAL,
    USUAL_PATCHES,
    USUAL_SHARED,
)
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result


def on_design(record: Record | None, network: str) -> list[Claim]:
    """Patches, shared layers and the start of the input cloud."""
    page = f"{network}#{DESIGN}"
    start = 'starting from several examples "turned out to be not beneficial"'
    patches = 'splitting the input cloud into patches "is essential"'
    shared = 'sharing the first layers "does not decrease the performance"'
    if record is None:
        return missing("neuralqaad-design", page, dict.fromkeys((start, patches, shared), "3.3"))
    result = record.result
    data = compare.sets(result)

    def against(design: str, than: str) -> dict[str, Difference]:
        return {f"{name}, {design}": compare.change(result, (name, design), (name, than)) for name in data}

    one = against(f"{PATCH_COUNTS[0]} patches, {USUAL_SHARED} shared", USUAL)
    fewer = [f"{USUAL_PATCHES} patches, {count} shared" for count in SHARED if count != USUAL_SHARED]
    usual = {
        f"{name} against {each}": found
        for each in fewer
        for name, found in against_usual(result, each).items()
    }
    mean = against(MEAN_START, USUAL)
    return [
        Claim(
            start,
            "3.3",
            f"the mean of matched samples against one sample: {all_shown(mean)}",
            _not_beneficial([*mean.values()]),
            page,
        ),
        Claim(
            patches,
            "3.3",
            f"against {USUAL}, at equal weights: {all_shown(one)}",
            tallied([found.sign for found in one.values()], wanted=1),
            page,
        ),
        Claim(
            shared,
            "3.3",
            f"{USUAL_SHARED} shared layers, at equal weights: {all_shown(usual)}; the margin is {MARGIN:.0f} %",
            no_worse([*usual.values()], MARGIN),
            page,
        ),
    ]


def against_usual(result: Result, design: str) -> dict[str, Difference]:
    """The usual network against another design, by set."""
    return {name: compare.change(result, (name, USUAL), (name, design)) for name in compare.sets(result)}


def _not_beneficial(differences: Sequence[Difference]) -> str:
    """No drop of more than the margin: the claim is of the other side of `no_worse`."""
    return no_worse([Difference(tuple(-value for value in found.values)) for found in differences], MARGIN)


def on_points(record: Record | None, network: str) -> list[Claim]:
    """Fig. 5: three methods by the points of a step."""
    page = f"{network}#{POINTS}"
    poor = 'the Chamfer distance "performances poorly for high resolutions"'
    always = '"always superior to AtlasNetV2, regardless of the number of sampled points"'
    robust = 'with fewer points "the performance loss is significantly lower than with AtlasNetV2"'
    if record is None:
        return missing(
            "neuralqaad-sampling", page, {poor: "Abstract", always: "4.4, Fig. 5", robust: "4.4, Fig. 5"}
        )
    result = record.result
    (data,) = compare.sets(result)
    numbers = compare.counts(result)

    def at(row: str, than: str) -> dict[str, Difference]:
        return {
            f"{n} points": compare.change(result, (data, row, str(n)), (data, than, str(n))) for n in numbers
        }

    worse = at(CHAMFER, OURS)
    superior = {f"{row}, {n}": found for row in (CHAMFER, OURS) for n, found in at(row, ATLAS).items()}
    losses = {row: compare.loss_by_fewer(result, data, row) for row in (ATLAS, CHAMFER, OURS)}
    rises = {row: compare.paired(losses[row], losses[ATLAS]) for row in (CHAMFER, OURS)}
    whole = record.settings["cloud_points"]
    return [
        Claim(
            poor,
            "Abstract",
            f"augmented Chamfer against the whole method, by the points sampled of {whole:,}: {all_shown(worse)}",
            tallied([found.sign for found in worse.values()], wanted=1),
            page,
        ),
        Claim(always, "4.4, Fig. 5", all_shown(superior), lasting(lower(superior), record), page),
        Claim(
            robust,
            "4.4, Fig. 5",
            f"rise of the EM-kD from {numbers[-1]} to {numbers[0]} points: "
            + ", ".join(f"{row} {found.mean():+.0f} %" for row, found in losses.items())
            + f"; against AtlasNetV2 {all_shown(rises, ' points')}",
            lower(rises),
            page,
        ),
    ]


def on_size(record: Record | None, network: str) -> Claim:
    """Four rows of Table 1 where clouds are large."""
    words, page = "the order of Table 1 at the size that the paper speaks of", f"{network}#{LARGE}"
    if record is None:
        return missing("neuralqaad-large", page, {words: "4.3, Table 1"})[0]
    result = record.result
    (data,) = compare.sets(result)
    order = [
        float(compare.values(result, compare.EM_KD_SHARE, data, row).mean())
        for row in (ATLAS, CHAMFER, GREEDY, OURS)
    ]
    number = "EM-kD in per cent of the distance to the mean shape: " + ", ".join(
        f"{row} {value:.1f}" for row, value in zip((ATLAS, CHAMFER, GREEDY, OURS), order, strict=True)
    )
    if len(record.seeds) < 2:
        return Claim(words, "4.3, Table 1", f"{number}; one seed, so no spread", ONE_SEED, page)
    steps = compare.steps(result)
    verdict = lasting(lower(steps), record)
    return Claim(
        words,
        "4.3, Table 1",
        f"{number}; each against the one before {', '.join(map(shown, steps.values()))}",
        verdict,
        page,
    )
