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
    bits, d2 = (
        [
            found.sign
            for data in compare.sets(result)
            for found in compare.steps(result, measure, data).values()
        ]
        for measure in (BPP, D2)
    )
    apart = "; ".join(
        f"{data}: bytes {shown(compare.ends(result, BPP, data, relative=True))}, "
        f"D2 {shown(compare.ends(result, D2, data), ' dB', 2)}"
        for data in compare.sets(result)
    )
    first, *_, last = compare.ladder(result)
    return (
        f"Of {len(bits)} steps to a larger weight, bytes surely fall in {bits.count(-1)} and surely rise in "
        f"{bits.count(1)}; D2 surely falls in {d2.count(-1)} and surely rises in {d2.count(1)}. "
        f"From weight {first} to {last}, {apart}."
    )


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
            rate = f"{found.mean:+,.0f} %"
            if found.clouds > 1:
                low, high = found.mean - found.half_width, found.mean + found.half_width
                rate += f" ({low:+,.0f} to {high:+,.0f})"
            common = (
                f"the curves of {found.clouds} of {of} clouds overlap, on average over {part:.1f} % of their range, "
                f"and there the Bjontegaard rate is {rate}"
            )
        said.append(f"**{name}**: D2 in files of equal size is {_sides(result, name, D2)}; {common}.")
    return "\n\n".join(said)  # a paragraph each


def smaller(result: Result, names: Sequence[str]) -> str:
    """Where all files of other codecs are smaller than those of D-PCC, what their largest are."""
    said = []
    for data in compare.sets(result):
        own = _means(result, DPCC, data)
        largest = {name: _means(result, name, data)[:, -1] for name in names}
        found = [
            f"{name} ({bits:.2f} bits a point, D2 {d2:.1f} dB, density metric {density:.2f})"
            for name, (bits, d2, density) in largest.items()
            if bits < own[0].min()
        ]
        if found:
            said.append(
                f"On {data} even the largest files of {_listed(found)} are smaller than each of D-PCC's, of which "
                f"the smallest has {own[0].min():.2f} bits, the best D2 is {own[1].max():.1f} dB and the best density "
                f"metric {own[2].min():.2f}."
            )
    return " ".join(said)


def _means(result: Result, codec: str, data: str) -> np.ndarray:
    """Bits, D2 and density metric (3, settings) of a set, from the smallest file to the largest."""
    rows = compare.clouds_of(result, data)
    found = np.stack(
        [compare.curve(result, measure, codec)[:, rows].mean(1) for measure in (BPP, D2, DENSITY)]
    )
    return found[:, np.argsort(found[0])]


def density(result: Result, names: Sequence[str]) -> str:
    """The density metric in files of equal size, lower is better."""
    said = [f"beside {name} it is {_sides(result, name, DENSITY)}" for name in names]
    return f"D-PCC's density metric in files of equal size, lower is better: {'; '.join(said)}."


def _sides(result: Result, name: str, measure: str) -> str:
    """On which sets the ladder is surely higher, surely lower, or neither, and where no files are of equal size."""
    gaps = {data: compare.gap(result, name, data=data, measure=measure) for data in compare.sets(result)}
    places = {
        "surely higher": [data for data, found in gaps.items() if found.sign > 0],
        "surely lower": [data for data, found in gaps.items() if found.sign < 0],
        "undecided": [data for data, found in gaps.items() if found.compared and not found.sign],
        "without a comparison": [data for data, found in gaps.items() if not found.compared],
    }
    return _by_word(places, "on")


def terms(result: Result) -> str:
    """What is surely worse, or surely better, without each part; larger is worse."""
    said = []
    for measure, name in ((DENSITY, "density metric"), (COUNT_ERROR, "error of the number of points")):
        signs = {variant: found.sign for variant, found in compare.left_out(result, measure).items()}
        places = {
            word: [variant for variant, sign in signs.items() if sign == which]
            for word, which in (("surely larger", 1), ("surely smaller", -1), ("undecided", 0))
        }
        said.append(f"The {name} is {_by_word(places, 'with')}.")
    return " ".join(said)


def length(record: Record) -> str:
    """How long a training was, and, where it was looked at before its end, whether its curve had come to rest."""
    said = f"A training makes {record.epochs:.1f} passes over the patches, that of the release {EPOCHS}."
    steps = record.result.logged_steps
    if len(steps) < 2:
        return said
    moved = np.concatenate([compare.still_moving(record.result, key) for key in _trained(record.result)])
    return (
        f"{said} From step {steps[-2]:,} to step {steps[-1]:,}, the last, the Chamfer distance of patches that were "
        f"held out changed by {moved.mean():+.0f} % on average ({moved.min():+.0f} to {moved.max():+.0f} %)."
    )


def _trained(result: Result) -> list[tuple[str, ...]]:
    """The configurations that have a network."""
    return [key for key in result.configurations if len(key) == 1 or key[0] == DPCC]


def _by_word(places: Mapping[str, Sequence[str]], join: str) -> str:
    """Names by what is said of them; a word of which there is nothing to say is left out.

    >>> _by_word({"higher": ["a", "c"], "lower": [], "undecided": ["b"]}, "on")
    'higher on a and c, undecided on b'
    """
    return ", ".join(f"{word} {join} {_listed(names)}" for word, names in places.items() if names)


def _listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
