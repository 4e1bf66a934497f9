"""What the two records of D-PCC say, in sentences whose numbers and directions are computed. Nothing is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pcl_lib.experiments.compression import compare
from pcl_lib.experiments.compression.compare import shown
from pcl_lib.experiments.compression.published import EPOCHS
from pcl_lib.experiments.compression.settings import (
    BPP,
    COUNT_ERROR,
    D2,
    DENSITY,
    DPCC,
    ESTIMATED,
    SMALL,
)
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.result import Result


def ladder(result: Result) -> str:
    """How many steps of the ladder go which way, and how far its ends are apart."""
    said = []
    for measure, name in ((BPP, "bytes"), (D2, "D2")):
        signs = [
            found.sign
            for data in compare.sets(result)
            for found in compare.steps(result, measure, data).values()
        ]
        said.append(
            f"{name} surely fall in {signs.count(-1)} of {len(signs)} steps and surely rise in {signs.count(1)}"
        )
    apart = "; ".join(
        f"{data}: bytes {shown(compare.ends(result, BPP, data, relative=True))}, "
        f"D2 {shown(compare.ends(result, D2, data), ' dB', 2)}"
        for data in compare.sets(result)
    )
    first, *_, last = compare.ladder(result)
    return f"With a larger weight {said[0]}; {said[1]}. From {first} to {last} they change so. {apart}."


def overhead(result: Result) -> str:
    """What of a file is not the latent code."""
    said = []
    for data in compare.sets(result):
        written, told, small = (
            np.mean([compare.of_set(result, measure, data, DPCC, s) for s in compare.ladder(result)])
            for measure in (BPP, ESTIMATED, SMALL)
        )
        said.append(f"{100 * (1 - told / written):.0f} % on {data} (points so coded: {100 * small:.0f} %)")
    return (
        "What a file has beside the latent code, its header, the table of cubes and the points of cubes too small "
        f"for the network, is so much of its bytes: {_listed(said)}."
    )


def rivals(result: Result, names: Sequence[str]) -> str:
    """Against each codec without training: D2 at equal size, and what the curves have in common."""
    said = []
    for name in names:
        found = compare.bjontegaard(result, name)
        of = len(compare.clouds_of(result, None))
        if found is None:
            common = "no cloud's curves overlap, so that there is no Bjontegaard rate"
        else:
            part = 100 * float(found.overlap.mean())
            rate = f"{found.mean:+.0f} %"
            if found.clouds > 1:
                rate += f" ({found.mean - found.half_width:+.0f} to {found.mean + found.half_width:+.0f})"
            common = (
                f"the curves of {found.clouds} of {of} clouds overlap, on average over {part:.1f} % of their range, "
                f"and there the Bjontegaard rate is {rate}"
            )
        said.append(f"**{name}**: D2 in files of equal size is {_sides(result, name, D2)}; {common}.")
    return " ".join(said)


def density(result: Result, name: str) -> str:
    """The density metric in files of equal size, lower is better."""
    return f"In files of equal size the density metric of D-PCC is {_sides(result, name, DENSITY)}, beside the {name}."


def _sides(result: Result, name: str, measure: str) -> str:
    """On which sets the ladder is surely higher, surely lower, or neither."""
    gaps = {data: compare.gap(result, name, data=data, measure=measure) for data in compare.sets(result)}
    return _ordered(
        {data: found.sign for data, found in gaps.items()},
        {1: "surely higher", -1: "surely lower", 0: "undecided"},
    )


def terms(result: Result) -> str:
    """What is surely worse, or surely better, without each part; larger is worse."""
    said = []
    for measure, name in ((DENSITY, "density metric"), (COUNT_ERROR, "error of the number of points")):
        signs = {variant: found.sign for variant, found in compare.left_out(result, measure).items()}
        words = {1: "surely larger", -1: "surely smaller", 0: "undecided"}
        said.append(f"The {name} is {_ordered(signs, words, join='with')}.")
    return " ".join(said)


def length(record: Record) -> str:
    """How long a training was, and whether its curve had come to rest."""
    moved = np.concatenate([compare.still_moving(record.result, key) for key in _trained(record.result)])
    before, last = record.result.logged_steps[-2:]
    return (
        f"A training makes {record.epochs:.1f} passes over the patches, that of the release {EPOCHS}. From step "
        f"{before:,} to step {last:,}, the last, the Chamfer distance of patches that were held out changed by "
        f"{moved.mean():+.0f} % on average ({moved.min():+.0f} to {moved.max():+.0f} %)."
    )


def _trained(result: Result) -> list[tuple[str, ...]]:
    """The configurations that have a network."""
    return [key for key in result.configurations if len(key) == 1 or key[0] == DPCC]


def _ordered(signs: Mapping[str, int], words: Mapping[int, str], join: str = "on") -> str:
    """Names by what their signs mean.

    >>> _ordered({"a": 1, "b": 0, "c": 1}, {1: "higher", -1: "lower", 0: "undecided"})
    'higher on a and c, lower on none, and undecided on b'
    """
    parts = [
        f"{word} {join} {_listed([name for name, sign in signs.items() if sign == which]) or 'none'}"
        for which, word in words.items()
    ]
    return f"{', '.join(parts[:-1])}, and {parts[-1]}"


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
