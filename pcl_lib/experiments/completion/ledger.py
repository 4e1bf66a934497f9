"""What the records say of the claims of the Landau Chamfer distance (its Section IV), each by a rule of `claims`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.stats import kendalltau

from pcl_lib.experiments.claims import (
    ONE_SEED,
    UNTESTED,
    Claim,
    alike,
    graded,
    share,
    some_alike,
    tallied,
    unrelated,
)
from pcl_lib.experiments.completion.compare import (
    ONE_NETWORK,
    below,
    change,
    lengths_of,
    over_levels,
    paper_change,
    refitted,
    values,
)
from pcl_lib.experiments.completion.published import (
    LANDAU_SIMILAR,
    LANDAU_TABLE_2,
    LANDAU_TABLE_3,
    LANDAU_TABLE_3_WEIGHTS,
    WEIGHTED,
)
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result

# The paper's own margin of "similar", in per cent of HyperCD.
MARGIN = 100 * LANDAU_SIMILAR / LANDAU_TABLE_2["HyperCD"]
# What "consistently" and "mostly" ask for, as shares of the looks: 0.5 is no difference at all.
CONSISTENTLY, MOSTLY = 0.95, 0.6


def shown(found: Difference) -> str:
    """A difference in per cent with its interval."""
    return f"{found.mean:+z.1f} % ({found.low:+z.1f} to {found.high:+z.1f})"


def signs_shown(signs: Sequence[int]) -> str:
    """Signs of intervals, counted, for a measure of which less is better."""
    return f"{signs.count(-1)} better, {signs.count(1)} worse, {signs.count(0)} within the spread"


def claims_on_losses(record: Record, page: str, chapter: str) -> list[Claim]:
    """Claims that the record of many losses on one network judges.

    `page` is the address of the page with all results, `chapter` that of the chapter with the paired differences.
    """
    result = record.result
    weights = list(WEIGHTED.values())
    to_hyper, to_cd = ([change(result, loss, than) for loss in weights] for than in ("HyperCD", "CD"))
    landau_hyper, landau_cd = (change(result, "Landau CD", than) for than in ("HyperCD", "CD"))
    others = [change(result, loss, "CD").sign for loss in ("EMD", "truncated CD", "DCD")]
    early = below(result)
    ends = _ends(result)
    fitted, ours = _rankings(result)
    found = kendalltau(fitted, ours)
    far = [float(lengths_of(result, loss).quantile(0.99)) for loss in ("Landau CD", "HyperCD")]
    within = sum(max(abs(f.low), abs(f.high)) <= MARGIN for f in to_hyper)
    outside = sum(f.low > MARGIN or f.high < -MARGIN for f in to_hyper)
    return [
        Claim(
            '"weighted CD can always achieve similar performance to HyperCD"',
            "Abstract",
            f"{len(weights)} weights: largest mean difference {max(abs(f.mean) for f in to_hyper):.1f} %, widest "
            f"interval ± {max(f.half_width for f in to_hyper):.1f} %; the margin is {MARGIN:.1f} %",
            alike(to_hyper, MARGIN),
            f"{page}#every-loss",
        ),
        Claim(
            '"6 out of 8 weighted CD losses perform better than CD"',
            "IV-F, Table II",
            signs_shown([f.sign for f in to_cd]),
            tallied([f.sign for f in to_cd], needed=6),
            f"{page}#every-loss",
        ),
        Claim(
            '"4 of them perform similarly to HyperCD (within the difference of ± 0.05)"',
            "IV-F, Table II",
            f"{within} intervals within the margin of {MARGIN:.1f} %, {outside} outside it, the others on its border",
            some_alike(to_hyper, MARGIN, needed=4),
            f"{page}#every-loss",
        ),
        Claim(
            'Landau CD "can outperform HyperCD"',
            "Abstract, Table II",
            f"{shown(landau_hyper)}; the paper has {paper_change('Landau CD', 'HyperCD'):+.1f} %",
            tallied([landau_hyper.sign]),
            f"{chapter}#sum-alone",
        ),
        Claim(
            '"great potential for boosting CD performance significantly"',
            "Abstract, IV-F",
            f"Landau CD against CD: {shown(landau_cd)}; the paper has {paper_change('Landau CD', 'CD'):+.1f} %",
            tallied([landau_cd.sign]),
            f"{chapter}#sum-alone",
        ),
        Claim(
            "EMD, truncated CD and DCD train worse than CD",
            "Table II",
            f"{others.count(1)} worse, {others.count(-1)} better, {others.count(0)} within the spread",
            tallied(others, wanted=1),
            f"{page}#every-loss",
        ),
        Claim(
            'the ranking of the losses "is not consistent with the function matching ranking"',
            "IV-F",
            f"Kendall's τ = {found.statistic:.2f}, p = {found.pvalue:.2g}",
            unrelated(fitted, ours),
            f"{page}#where-distances-lie",
        ),
        Claim(
            'weighted CD losses "exhibit a more rapid convergence compared to HyperCD", "consistently"',
            "IV-G, Fig. 5",
            f"below HyperCD of the same seed at {early:.0f} % of the looks in the first half",
            share(early / 100, holds=CONSISTENTLY, part=MOSTLY),
            f"{page}#how-fast",
        ),
        Claim(
            '"eventually, all the curves converge to a similar loss"',
            "IV-G",
            f"CD-L1 of {len(weights)} weights against HyperCD at the end: largest mean difference "
            f"{max(abs(f.mean) for f in ends):.1f} %, widest interval ± {max(f.half_width for f in ends):.1f} %; the "
            f"margin is {MARGIN:.1f} %",
            alike(ends, MARGIN),
            f"{page}#how-fast",
        ),
        Claim(
            'Landau CD "perform[s] better with less noise and outliers"',
            "IV-H, Figs. 3, 4",
            f"99 % of the distances are below {far[0]:.3f} with Landau CD, {far[1]:.3f} with HyperCD; one "
            "seed, so no spread",
            ONE_SEED,
            f"{page}#where-distances-lie",
        ),
    ]


def claims_on_networks(record: Record, page: str) -> list[Claim]:
    """Claims that the record of several networks judges; `page` is the address of the page with all results."""
    networks: list[str] = record.settings["networks"]

    def signs(than: str, *metrics: str, larger: bool = False) -> list[int]:
        found = [
            change(record.result, "Landau CD", than, network=network, metric=metrics).sign
            for network in networks
        ]
        return [-sign for sign in found] if larger else found

    def on_crops(than: str) -> list[int]:
        f1 = over_levels("F1 at equal density")
        return signs(than, *over_levels("CD-L2")) + signs(than, *f1, larger=True)

    columns = {
        'on PCN "we obtain some new state-of-the-art results using Landau CD": better than CD on each backbone': (
            "Table III",
            signs("CD", "CD-L1"),
            "every-network",
        ),
        "and better than HyperCD on each": ("Table III", signs("HyperCD", "CD-L1"), "every-network"),
        'on LiDAR scans "Landau CD can improve the baselines consistently" (Fidelity and MMD)': (
            "Table IV",
            signs("CD", "Fidelity") + signs("CD", "MMD"),
            "scans",
        ),
        'with "even better results compared with HyperCD"': (
            "Table IV",
            signs("HyperCD", "Fidelity") + signs("HyperCD", "MMD"),
            "scans",
        ),
        'on crops "Landau CD even outperforms HyperCD" (CD-L2 and F1)': (
            "Table V",
            on_crops("HyperCD"),
            "crops",
        ),
        "on crops it is better than CD (CD-L2 and F1)": ("Table V", on_crops("CD"), "crops"),
    }
    return [
        _size_of_the_change(record, networks, page),
        *(
            Claim(words, where, signs_shown(found), tallied(found), f"{page}#{anchor}")
            for words, (where, found, anchor) in columns.items()
        ),
    ]


def claims_on_printed_tables(page: str, chapter: str) -> list[Claim]:
    """Claims that are judged by counting in the paper's own tables, and those that cannot be tested here."""
    weights = list(LANDAU_TABLE_3_WEIGHTS["PointAttN"])[2:]
    return [
        _counted(
            '"most of weighted CD losses achieve above-average results compared with the baseline networks"',
            weights,
            "CD",
            page,
        ),
        _counted(
            '"Extreme-Value and Chi-Squared CD losses also achieve better performance than HyperCD" on PointAttN and '
            "SeedFormer",
            ["Extreme-Value", "Chi-Squared"],
            "HyperCD",
            page,
        ),
        Claim(
            '"new state-of-the-art results on several benchmark datasets"',
            "Abstract, Tables III to V",
            "needs ShapeNet-55, PCN and KITTI and the published networks at full size",
            UNTESTED,
            f"{chapter}#the-verdict",
        ),
    ]


def _ends(result: Result) -> list[Difference]:
    """The curves of the weights at the last look, in per cent of HyperCD of the same seed."""
    hyper = result.curves[ONE_NETWORK, "HyperCD"][:, -1]
    return [
        Difference(tuple(100 * (result.curves[ONE_NETWORK, loss][:, -1] / hyper - 1)))
        for loss in WEIGHTED.values()
    ]


def _rankings(result: Result) -> tuple[range, list[float]]:
    """The families in the order of their best fit to the distances of the network, and our means in that order."""
    fits = refitted(result)
    ours = [float(np.mean(values(result, ONE_NETWORK, WEIGHTED[fit.name], "CD-L2"))) for fit in fits]
    return range(len(fits)), ours


def _size_of_the_change(record: Record, networks: Iterable[str], page: str) -> Claim:
    reported = [network for network in networks if (network, "CD") in LANDAU_TABLE_3]
    sizes = {
        network: 100 * (LANDAU_TABLE_3[network, "Landau CD"] / LANDAU_TABLE_3[network, "CD"] - 1)
        for network in reported
    }
    ours = {
        network: change(record.result, "Landau CD", "CD", network=network, metric="CD-L1")
        for network in reported
    }
    hit = sum(ours[network].low <= sizes[network] <= ours[network].high for network in reported)
    return Claim(
        "Landau CD changes the CD-L1 of CD by "
        + ", ".join(f"{value:.1f} % ({network})" for network, value in sizes.items()),
        "Table III",
        f"ours: {', '.join(map(shown, ours.values()))}; the paper's value is inside {hit} of them",
        graded(hit, len(reported)),
        f"{page}#every-network",
    )


def _counted(words: str, weights: Iterable[str], than: str, page: str) -> Claim:
    """A claim about the paper's own averages: how many are lower than that of another loss."""
    pairs = [(row[weight], row[than]) for row in LANDAU_TABLE_3_WEIGHTS.values() for weight in weights]
    good = sum(value < other for value, other in pairs)
    return Claim(
        words,
        "IV-H, Table III",
        f"in the paper's own table {good} of {len(pairs)} averages are lower than that of {than}; not trained here",
        graded(good, len(pairs)),
        f"{page}#every-network",
    )
