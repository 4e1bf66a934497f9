"""What a result says, in sentences (Markdown) whose numbers and counts are computed from it. Nothing is drawn."""

from __future__ import annotations

import numpy as np

from pcl_lib.distances import WEIGHTS
from pcl_lib.experiments.completion.compare import (
    ALIKE,
    ONE_NETWORK,
    QUESTIONS,
    agreement,
    below,
    change,
    inside,
    lengths_of,
    network_changes,
    paper_change,
    rank_correlation,
    refitted,
    resolution,
    same_order,
    signed,
    values,
)
from pcl_lib.experiments.completion.published import LANDAU_TABLE_2, THREE, WEIGHTED
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference
from pcl_lib.experiments.runner.result import Result


def interval(found: Difference) -> str:
    """A difference in per cent with its interval.

    >>> interval(Difference((1.0, 2.0, 6.0)))
    '+3.0 % (95 % interval −3.6 to +9.6 %)'
    """
    return f"{signed(found.mean)} % (95 % interval {signed(found.low)} to {signed(found.high)} %)"


def orders(result: Result) -> str:
    """How many of the paper's orders survive, by loss that is compared with, in a sentence each."""
    said = []
    for than in ("CD", "HyperCD"):
        answers = {loss: same_order(result, loss, than) for loss in LANDAU_TABLE_2 if loss != than}
        count = {
            word: [loss for loss, answer in answers.items() if answer == word]
            for word in ("yes", "reversed", "cannot tell")
        }
        named = {word: f"{len(of)}" + f" ({', '.join(of)})" * bool(of) for word, of in count.items()}
        said.append(
            f"Against **{than}**, {named['yes']} of the paper's {sum(map(len, count.values()))} orders survive, "
            f"{named['reversed']} are reversed, and {len(count['cannot tell'])} we cannot tell."
        )
    return " ".join(said)


def control(result: Result) -> str:
    """How far the losses differ that are one loss up to a constant, which is what chance does."""
    alike = np.array([values(result, ONE_NETWORK, loss, "CD-L2") for loss in ALIKE])
    within, over = (100 * float(alike.std(axis, ddof=1).mean() / alike.mean()) for axis in (0, 1))
    largest = max(abs(paper_change(loss, "CD") or 0.0) for loss in ALIKE)
    return (
        f"For HyperCD and the eight weights the interval reaches ± {resolution(result):.1f} % (median); the largest "
        f"difference that the paper reports for them is {largest:.1f} %. They are a control, too: up to a constant "
        "they are one loss, so that what differs between them is rounding and chance. Within one seed they differ by "
        f"{within:.1f} % (standard deviation), and one of them over the seeds by {over:.1f} %."
    )


def ranks(result: Result) -> str:
    """How far our order of the losses is that of the paper."""
    return (
        f"Kendall's rank correlation of our order and the paper's is {agreement(result, list(LANDAU_TABLE_2))} over "
        f"all {len(LANDAU_TABLE_2)} losses and {agreement(result, ALIKE)} over the {len(ALIKE)} that are alike."
    )


def early(result: Result) -> str:
    """How often the weighted losses are ahead of HyperCD while the networks still learn fast."""
    return (
        "In the first half of the training a weighted loss is below HyperCD with the same seed at "
        f"{below(result):.0f} % of the looks. "
        '"Consistently lower" would be 100 %, no difference at all 50 %.'
    )


def short_run(result: Result) -> str:
    """What a short run of a few seeds finds for Landau CD, and that it decides nothing."""
    hyper, plain = change(result, "Landau CD", "HyperCD"), change(result, "Landau CD", "CD")
    gain = paper_change("Landau CD", "CD") or 0.0
    reach = "contains" if inside(gain, plain) else "does not contain"
    return (
        f"In this run Landau CD differs from CD by {interval(plain)}, and from HyperCD by {interval(hyper)}. The first "
        f"interval {reach} the paper's {signed(gain)} %. A run of {len(plain.values)} seeds and "
        f"{result.logged_steps[-1]} steps is too short to decide it, whatever these numbers say: it shows the method, "
        "and the answer comes from the record."
    )


def where_lengths_lie(record: Record) -> str:
    """How much of the distances lies where the paper chose its weights, and what the Landau weight does beyond."""
    result = record.result
    lengths = lengths_of(result)
    most = lengths.quantile(0.99)
    pull = WEIGHTS["landau"].gradient_weight(lengths[lengths <= most])
    below_hundredth, squares_below = (100 * float((lengths <= at).double().mean()) for at in (0.01, 0.1))
    order = [WEIGHTED[fit.name] for fit in refitted(result)]
    theirs = rank_correlation(range(len(order)), [LANDAU_TABLE_2[loss] for loss in order])
    means = [float(np.mean(values(result, ONE_NETWORK, loss, "CD-L2"))) for loss in order]
    return (
        f"Of our distances {below_hundredth:.0f} % are below one hundredth (of their squares {squares_below:.0f} %), "
        f"and 99 % below {float(most):.3f}: a cloud of {record.settings['n_points']} points has wider gaps than one of "
        "thousands. Still the gradient weight of Landau CD varies by no more than "
        f"{100 * float(1 - pull.min() / pull.max()):.1f} % over these 99 %. The order of the fits and that of the "
        f"paper's Table II have {theirs}, the fits and our order {rank_correlation(range(len(order)), means)}. The "
        'paper says of its own that the one ranking "is not consistent" with the other.'
    )


def every_network(record: Record) -> str:
    """On how many networks a loss is better than another, and how often the paper's change lies in our interval."""
    changes = list(network_changes(record))
    told = [found.sign for _, pair, _, found in changes if "CD sums" not in pair]
    # Without Folding, which has one stage, so that a sum is a constant factor.
    summed = [found.sign for network, pair, _, found in changes if "CD sums" in pair and network != "Folding"]
    hits = [inside(theirs, found) for *_, theirs, found in changes if theirs is not None]
    return (
        "In each comparison of CD, HyperCD and Landau CD that the paper makes, the loss before the minus is better. "
        f"Of our {len(told)} it is better in {told.count(-1)}, worse in {told.count(1)}, and we cannot tell in "
        f"{told.count(0)}. The paper's own change lies inside our interval in {sum(map(bool, hits))} of {len(hits)}. "
        f"Sums in place of means are better on {summed.count(-1)} of the {len(summed)} networks with several stages, "
        f"and worse on {summed.count(1)}."
    )


def kept_and_made(record: Record) -> str:
    """Why the two measures of scans have to be read together."""

    def mean(network: str, metric: str) -> float:
        return float(np.mean([values(record.result, network, loss, metric) for loss in THREE]))

    kept = {network: mean(network, "Fidelity") for network in record.settings["networks"]}
    made = {network: mean(network, "MMD") for network in record.settings["networks"]}
    return (
        "PointAttN and SnowflakeNet merge the input into their second stage, and so they keep it: Fidelity "
        f"{kept['PointAttN']:.2f} and {kept['SnowflakeNet']:.2f}, against {kept['Folding']:.1f} and {kept['PCN']:.1f} "
        "of Folding and PCN (means over CD, HyperCD and Landau CD). By MMD they are "
        f"{made['PointAttN']:.0f} and {made['SnowflakeNet']:.0f} away from a car, "
        f"the other two {made['Folding']:.0f} and {made['PCN']:.0f}. Read the two columns together."
    )


def verdict(result: Result) -> str:
    """What the weight alone, the sum alone and both do, with the paper's gain beside them."""
    weight, summed, both = (
        change(result, *QUESTIONS[question]) for question in ("the weight", "the sum", "both, as released")
    )
    gain = paper_change("Landau CD", "CD") or 0.0
    place = "inside" if inside(gain, weight) else "outside"
    apart = [loss for loss in ALIKE if change(result, loss, "CD").sign]
    return (
        f"**When only the weight changes**, with means, Landau CD against CD is {interval(weight)}; the paper's "
        f"{signed(gain)} % lies {place} that interval. Of the {len(ALIKE)} losses that are CD up to a constant "
        f"{len(apart)} leave{'s' * (len(apart) == 1)} the spread of the seeds. **The sum alone** makes "
        f"{interval(summed)}; weight and sum together {interval(both)}."
    )
