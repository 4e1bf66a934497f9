"""What records say of the claims of NeuralQAAD (Abstract, Sections 1 to 5), each by a rule.

Claims that the two chapters judge live are in `theory`. `network` and `assignments` are the addresses of the chapters,
such as "../models/neuralqaad.html"; the sections that links go to, and all thresholds, are in `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pcl_lib.experiments.claims import UNKNOWN, Claim, share, tallied
from pcl_lib.experiments.neuralqaad import compare, published, speed
from pcl_lib.experiments.neuralqaad.compare import all_shown
from pcl_lib.experiments.neuralqaad.design_ledger import on_design, on_points, on_size
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS, RANDOM
from pcl_lib.experiments.neuralqaad.rules import (
    HALF,
    INPUT,
    PARTLY,
    REFLECTS,
    TABLE,
    at_least,
    lasting,
    length,
    longest,
    lower,
    missing,
)
from pcl_lib.experiments.neuralqaad.settings import ALONE, AWAY, PER_CENT
from pcl_lib.experiments.neuralqaad.theory import on_print, untestable
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result


def claims(
    network: str,
    assignments: str,
    *,
    table1: Record | None,
    architecture: Record | None = None,
    order: Record | None = None,
    design: Record | None = None,
    sampling: Record | None = None,
    large: Record | None = None,
    patches: Mapping[str, Any] | None = None,
    steps: Mapping[str, Any] | None = None,
) -> list[Claim]:
    """The claims that the printed numbers and the records judge. What has no record is not tested.

    - `architecture`: a longer record of the first two rows of Table 1; `order`: one of the four rows that its order is
      about. Of the records that have the rows of a claim the `longest` judges it.
    - `patches`, `steps`: of benchmarks, by `read_speed`.
    """
    return [
        *on_print(network),
        *_on_drops(longest(table1, order), longest(table1, architecture, order), network),
        *_on_training(table1, longest(table1, order), network),
        *_on_pictures(longest(table1, order), network),
        *speed.claims(network, assignments, patches=patches, steps=steps),
        *on_design(design, network),
        *on_points(sampling, network),
        on_size(large, network),
        *untestable(network),
    ]


def _on_drops(record: Record | None, first: Record | None, network: str) -> list[Claim]:
    """`first`: what judges the first two rows."""
    page = f"{network}#{TABLE}"
    better = '"significantly outperforms the current state-of-the-art ... in terms of EM-kD"'
    weights = '"uses parameters far more efficiently than previous work"'
    order = "the order of Table 1: each of the rows but the random one has a lower EM-kD than the one before"
    early = "the architecture alone lowers the EM-kD by 21, 69 and 30 %"
    total = "all of it lowers the EM-kD by 78, 86 and 90 %"
    dominant = (
        "patches are the main factor where low frequencies change, the training scheme where high ones do"
    )
    if record is None or first is None:
        where = {
            better: "Abstract",
            weights: "Abstract",
            order: "4.3, Table 1",
            early: "4.3, Table 1",
            total: "4.3, Table 1",
            dominant: "4.3",
        }
        return missing("neuralqaad-table1", page, where)
    result = record.result
    alone, whole, steps = (
        compare.drops(first.result, CHAMFER),
        compare.drops(result, OURS),
        compare.steps(result),
    )
    printed = [sorted(published.DROPS[data][k] for data in published.SETS)[0] for k in (0, 1)]
    shares = {data: compare.share_of_architecture(result, data) for data in compare.sets(result)}
    return [
        Claim(better, "Abstract", all_shown(whole) + length(record), lasting(lower(whole), record), page),
        Claim(
            weights,
            "Abstract",
            f"at equal numbers of weights, trained alike: {all_shown(alone)}{length(first)}",
            lasting(lower(alone), first),
            page,
        ),
        Claim(order, "4.3, Table 1", all_shown(steps) + length(record), lasting(lower(steps), record), page),
        *(
            Claim(
                words,
                "4.3, Table 1",
                f"{all_shown(found)}; asked for is the smallest of the three, {least} %{length(of)}",
                lasting(at_least([*found.values()], float(least)), of),
                page,
            )
            for words, found, least, of in (
                (early, alone, printed[0], first),
                (total, whole, printed[1], record),
            )
        ),
        Claim(
            dominant,
            "4.3",
            "share of the drop that the architecture makes: " + all_shown(shares),
            _dominant(shares),
            page,
        ),
    ]


def _dominant(shares: dict[str, Difference]) -> str:
    """More than half by the architecture on figures, less than half on faces."""
    if not {"faces", "figures"} <= shares.keys():
        return UNKNOWN
    beyond = {
        data: Difference(tuple(value - HALF for value in found.values)).sign for data, found in shares.items()
    }
    return tallied([beyond["figures"], -beyond["faces"]], wanted=1)


def _on_training(record: Record | None, of_swaps: Record | None, network: str) -> list[Claim]:
    """`of_swaps`: what judges the step from greedy to greedy and reassignment."""
    page = f"{network}#{TABLE}"
    words = {
        'the MSE of a random assignment "culminates in extraordinary bad results"': "4.4",
        'the greedy assignment "solves this issues"': "4.4",
        'reassignment "boosts the results again"': "4.4",
        '"neither of the two steps alone lead to a superior solution"': "3.4",
    }
    if record is None or of_swaps is None:
        return missing("neuralqaad-table1", page, words)
    result = record.result
    bad, solved = compare.drops(result, RANDOM), compare.drops(result, GREEDY, than=RANDOM)
    boosted = compare.drops(of_swaps.result, OURS, than=GREEDY)
    alone = {
        f"{data}, against {than}": found
        for than in (GREEDY, ALONE)
        for data, found in _of(result, than).items()
    }
    worse = tallied([each.sign for each in bad.values()], wanted=1)
    found = [
        (f"against AtlasNetV2: {all_shown(bad)}", worse, record),
        (f"against a random one: {all_shown(solved)}", lower(solved), record),
        (f"against greedy alone: {all_shown(boosted)}", lower(boosted), of_swaps),
        (f"both steps: {all_shown(alone)}", lower(alone), record),
    ]
    return [
        Claim(each, where, number + length(of), lasting(verdict, of), page)
        for (each, where), (number, verdict, of) in zip(words.items(), found, strict=True)
    ]


def _of(result: Result, than: str) -> dict[str, Difference]:
    return compare.drops(result, OURS, than=than)


def _on_pictures(record: Record | None, network: str) -> list[Claim]:
    """What more than the EM-kD of Table 1's rows says."""
    table = f"{network}#{TABLE}"
    egg = 'an "egg-like" input cloud for strong low-frequency changes, a noisy instance otherwise'
    glue = 'AtlasNetV2 "struggles in gluing together individual patches", which is no issue for NeuralQAAD'
    reflect = 'the EM-kD "reasonably reflect[s] visual differences"'
    if record is None:
        return [
            *missing("neuralqaad-table1", f"{network}#{INPUT}", {egg: "4.3, Fig. 4"}),
            *missing("neuralqaad-table1", table, {glue: "4.3", reflect: "5"}),
        ]
    result, data = record.result, compare.sets(record.result)
    away = {name: compare.values(result, AWAY + PER_CENT, name, OURS) for name in data}
    seams = {name: compare.seams_against(result, name, ATLAS, OURS) for name in data}
    ratios = {name: [compare.seam_ratio(result, name, row).mean() for row in (ATLAS, OURS)] for name in data}
    ranks = {name: compare.rank_agreement(result, name) for name in data}
    apart = compare.paired(away["figures"], away["faces"]) if {"faces", "figures"} <= away.keys() else None
    return [
        Claim(
            egg,
            "4.3, Fig. 4",
            "distance of the trained input cloud to the nearest cloud of its set, in per cent of the mean distance to "
            "the mean shape: " + ", ".join(f"{name} {found.mean():.0f}" for name, found in away.items()),
            UNKNOWN if apart is None else tallied([apart.sign], wanted=1),
            f"{network}#{INPUT}",
        ),
        Claim(
            glue,
            "4.3",
            "distance to the nearest made point where patches meet, over that elsewhere: "
            + "; ".join(
                f"{name} {a:.2f} for AtlasNetV2, {b:.2f} for ours" for name, (a, b) in ratios.items()
            ),
            tallied([found.sign for found in seams.values()], wanted=1),
            table,
        ),
        Claim(
            reflect,
            "5",
            "rank correlation with the error to the true place, over rows and clouds: "
            + ", ".join(f"{name} {found:.2f}" for name, found in ranks.items()),
            share(min(ranks.values()), holds=REFLECTS, part=PARTLY),
            table,
        ),
    ]
