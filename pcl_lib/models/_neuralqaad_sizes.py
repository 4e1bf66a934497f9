"""The sizes of NeuralQAAD: readings of the paper's list, and what they store for a data set."""

from __future__ import annotations

from typing import NamedTuple

from pcl_lib._checks import check_integer, check_option

CUTS = ("compact", "random", "given")


class NeuralQAADSizes(NamedTuple):
    """Widths of the layers that all patches share, `trunk`, and of those that each has of its own, `heads`."""

    trunk: tuple[int, ...]
    heads: tuple[int, ...]


# The paper: "six fully connected layers 256-128-128-64-3", which are five; the first four shared, the last two not.
NEURALQAAD_SIZES = {
    "128 three times": NeuralQAADSizes((256, 128, 128, 128), (64, 3)),
    "256 twice": NeuralQAADSizes((256, 256, 128, 128), (64, 3)),
    "64 twice": NeuralQAADSizes((256, 128, 128, 64), (64, 3)),
    "five, four shared": NeuralQAADSizes((256, 128, 128, 64), (3,)),
    "five, three shared": NeuralQAADSizes((256, 128, 128), (64, 3)),
}


def compression_ratio(
    shapes: int, points: int, code_size: int, network: int, *, input_cloud: bool = True
) -> float:
    r"""Numbers in a data set of clouds for each number that an auto-decoder of it stores.

    .. math:: \frac{3 S N}{W + S l + 3 N}

    - `shapes` S clouds of `points` N, a code of `code_size` l for each, and the weights W of the `network`.
    - `input_cloud`: whether the 3 N numbers of the trained input cloud are among the stored, as a file needs them;
      without them the ratio is what the paper states.

    A ratio of numbers, whatever their bits. Reference: neuralqaad2022.

    >>> [round(compression_ratio(4096, 65_536, 10, 203_008, input_cloud=q)) for q in (False, True)]
    [3301, 1828]
    """
    stored = network + shapes * code_size + (3 * points if input_cloud else 0)
    return 3 * shapes * points / stored


def check_patches(points: int, patches: int, cut: str) -> None:
    """Raise `ValueError` unless so many points can be cut into so many patches in this way."""
    check_integer("points", points, 1)
    check_integer("patches", patches, 1)
    check_option("cut", cut, CUTS)
    if patches > points:
        raise ValueError(
            f"patches must be at most the number of points, {points}, received {patches}: a patch needs a point"
        )
    if points % patches:
        raise ValueError(
            f"points must be a multiple of the number of patches, {patches}, received {points}; take "
            f"{points - points % patches} points, or another number of patches"
        )
    if cut == "compact" and patches & (patches - 1):
        raise ValueError(
            f'patches must be a power of two for cut="compact", which halves the cloud, received {patches}; '
            f'take {1 << (patches.bit_length() - 1)}, or cut="random"'
        )
