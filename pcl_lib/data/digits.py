"""Hand-written digits as 2-D contour clouds: real shapes that every reader has, with holes and thin strokes."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import torch
from scipy import ndimage
from skimage import measure
from sklearn.datasets import load_digits

from pcl_lib._checks import check_integer, check_option
from pcl_lib.data._cloud import Cloud

_FACTOR = 8  # each pixel of the 8 x 8 image becomes 8 x 8 samples of its cubic spline
_LEVEL = 8.0  # half of the ink scale 0..16
_SHORTEST = 1.0  # contours shorter than one pixel are specks of the spline, not strokes


@lru_cache(maxsize=1)
def _scans() -> tuple[np.ndarray, np.ndarray]:
    """The images of the 1,797 digits, with a margin, and their classes."""
    data = load_digits()
    return np.pad(data.images, ((0, 0), (2, 2), (2, 2))), data.target


@cache
def _contours(index: int) -> list[np.ndarray]:
    """The closed contours (k, 2) of one digit in pixels, x right and y up. Found when first needed: all take 2 s."""
    fine = ndimage.zoom(_scans()[0][index], _FACTOR, order=3, grid_mode=True, mode="grid-constant")
    found = [c[:, ::-1] * [1.0, -1.0] / _FACTOR for c in measure.find_contours(fine, _LEVEL)]
    return [c for c in found if _length(c) >= _SHORTEST]


def _length(contour: np.ndarray) -> float:
    return float(np.linalg.norm(np.diff(contour, axis=0), axis=-1).sum())


def contours(index: int) -> list[np.ndarray]:
    """The closed contours of digit ``index`` (0..1796): outer outlines and holes, in the frame of `load`.

    Each (k, 2) float64, first point equal to the last. Errors: ValueError for an index that no digit has.

    >>> [len(contours(i)) for i in range(2)]
    [2, 1]
    """
    curves = _contours(check_integer("index", index, 0, len(_scans()[0]) - 1))
    points = np.concatenate(curves)
    low, high = points.min(0), points.max(0)
    return [(c - (low + high) / 2) * (2 / (high - low).max()) for c in curves]


def _along(curves: list[np.ndarray], at: np.ndarray) -> np.ndarray:
    """Points at fractions ``at`` of the total length of all curves, one after the other."""
    steps = [np.linalg.norm(np.diff(c, axis=0), axis=-1) for c in curves]
    ends = np.cumsum([s.sum() for s in steps])
    s = at * ends[-1]
    which = np.minimum(np.searchsorted(ends, s, side="right"), len(curves) - 1)
    out = np.empty((len(at), 2))
    for k, curve in enumerate(curves):
        here = which == k
        t = np.concatenate([[0.0], np.cumsum(steps[k])])
        local = s[here] - (ends[k] - t[-1])
        out[here] = np.stack([np.interp(local, t, curve[:, d]) for d in (0, 1)], -1)
    return out


def load(n_points: int = 256, *, split: str = "train", seed: int = 0) -> list[Cloud]:
    """scikit-learn's 1,797 hand-written digits, each as ``n_points`` points on its contours.

    Each 8 x 8 image is sampled 8 times finer by its cubic spline; the contours at half ink (outlines and
    holes) carry points at equal steps of arc length, in contour order, from a start that ``seed`` draws.
    The box of the contours is centred at the origin with its longer side from -1 to 1; x right, y up.
    ``category`` is the digit "0" to "9". The split is stratified and fixed: of the digits of one class, in
    file order, every fifth is "test" (355), the others are "train" (1,442); "all" gives both in file order.

    Shapes: points (n_points, 2). Cost: about 2 s once per process, then 0.1 s for all.
    Errors: ValueError for n_points < 1, an unknown split or a negative seed.

    >>> test = load(64, split="test")
    >>> len(test), test[0]
    (355, Cloud(name='digit-0033', points=(64, 2), category='5', split='test'))
    """
    check_integer("n_points", n_points, 1)
    check_option("split", split, ("train", "test", "all"))
    check_integer("seed", seed, 0)
    return [_evenly(i, n_points, seed) for i in indices(split)]


def indices(split: str = "train") -> list[int]:
    """The numbers (0..1796) of the digits of ``split``, in the order of `load`, which finds all contours too.

    Errors: ValueError for an unknown split.

    >>> indices("test")[:3], len(indices())
    ([33, 36, 37], 1442)
    """
    check_option("split", split, ("train", "test", "all"))
    return [i for i, part in enumerate(_parts()) if split in (part, "all")]


def sample(index: int, n_points: int = 256, *, seed: int) -> Cloud:
    """Digit ``index`` (0..1796) as ``n_points`` independent points, uniform by arc length on its contours.

    A random sample of the contours where `load` has evenly spaced points: what a model that draws its points one by
    one can reach at best. The distance of two such samples, of two seeds or the two halves of one (`disjoint_draws`),
    is the oracle of ShapeGF's Table 1; that of two evenly spaced clouds of 256 points is 7 times smaller, and no
    sampler reaches it. Frame, name, class and split are those of `load`; the first m points are what
    ``n_points=m`` gives, to the byte.

    Shapes: points (n_points, 2). Cost: O(n_points).
    Errors: ValueError for an index that no digit has, n_points < 1 or a negative seed. Reference: cai2020shapegf.

    >>> three = sample(3, 64, seed=0)
    >>> three, bool(three.points.abs().max() <= 1)
    (Cloud(name='digit-0003', points=(64, 2), category='3', split='train'), True)
    """
    index = check_integer("index", index, 0, len(_parts()) - 1)
    check_integer("n_points", n_points, 1)
    seed = check_integer("seed", seed, 0)
    # The last number keeps this stream apart from that of the starts in `load`.
    return _cloud(index, np.random.default_rng([seed, index, 1]).random(n_points))


@lru_cache(maxsize=1)
def _parts() -> list[str]:
    """For each digit "train" or "test": of one class, in file order, every fifth is "test"."""
    classes = _scans()[1]
    nth = np.zeros(len(classes), int)
    for digit in range(10):
        members = classes == digit
        nth[members] = np.arange(members.sum())
    return ["test" if n % 5 == 4 else "train" for n in nth]


def _evenly(index: int, n_points: int, seed: int) -> Cloud:
    """The digit's points at equal steps of arc length, from a start that the seed draws."""
    start = np.random.default_rng([seed, index]).random()
    return _cloud(index, (np.arange(n_points) + start) / n_points)


def _cloud(index: int, at: np.ndarray) -> Cloud:
    """The digit's points at fractions ``at`` of the length of its contours."""
    points = torch.from_numpy(_along(contours(index), at)).float()
    return Cloud(points, name=f"digit-{index:04d}", category=str(_scans()[1][index]), split=_parts()[index])


def example(category: str = "3", n_points: int = 256) -> Cloud:
    """The first digit of its class in the training part, as ``n_points`` points on its contours.

    It is the first of ``load(n_points)`` with this ``category``, "0" to "9".

    Cost: O(n_points). Errors: ValueError for n_points < 1 or another category.

    >>> example("3", 40)
    Cloud(name='digit-0003', points=(40, 2), category='3', split='train')
    """
    check_option("category", category, tuple("0123456789"))
    check_integer("n_points", n_points, 1)
    training = (i for i, part in enumerate(_parts()) if part == "train")
    return _evenly(next(i for i in training if str(_scans()[1][i]) == category), n_points, 0)
