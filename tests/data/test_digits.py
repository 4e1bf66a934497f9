import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_digits

from pcl_lib.data import digits
from pcl_lib.distances import chamfer


def distance_to_contours(points, curves):
    """Distance of each point to the nearest segment of the polylines."""
    best = np.full(len(points), np.inf)
    for c in curves:
        a, ab = c[:-1], np.diff(c, axis=0)
        length = np.maximum((ab**2).sum(-1), 1e-30)
        t = np.clip(((points[:, None] - a) * ab).sum(-1) / length, 0, 1)
        best = np.minimum(best, np.linalg.norm(points[:, None] - a - t[..., None] * ab, axis=-1).min(1))
    return best


@pytest.fixture(scope="module")
def fifth():
    """A fifth of them: the contours of all take two seconds."""
    return digits.load(128, split="test")


def index_of(cloud):
    return int(cloud.name.removeprefix("digit-"))


def test_points_lie_on_the_contours_and_span_the_box(fifth):
    for cloud in fifth[::12]:
        p = cloud.points.numpy()
        curves = digits.contours(index_of(cloud))
        assert distance_to_contours(p, curves).max() < 1e-6
        ends = np.concatenate(curves)
        assert ends.max(0) + ends.min(0) == pytest.approx([0, 0], abs=1e-9)
        assert np.ptp(ends, axis=0).max() == pytest.approx(2)
        assert np.abs(p).max() <= 1 + 1e-6


def test_steps_along_the_contour_are_equal():
    cloud = digits.example("1", 400)  # digit 1: a single contour
    step = (cloud.points - cloud.points.roll(1, 0)).norm(dim=-1)
    contour = digits.contours(1)[0]
    length = np.linalg.norm(np.diff(contour, axis=0), axis=-1).sum()
    assert float(step.max()) <= length / 400 * 1.0001  # a chord is no longer than its arc
    assert float(step.min()) > 0.7 * length / 400


def test_every_contour_has_its_share():
    index = 0  # a zero: outline and hole
    curves = digits.contours(index)
    assert len(curves) == 2
    cloud = digits.example("0", 1000).points.numpy()
    length = [np.linalg.norm(np.diff(c, axis=0), axis=-1).sum() for c in curves]
    on_first = (distance_to_contours(cloud, curves[:1]) < 1e-6).sum()
    assert on_first == pytest.approx(1000 * length[0] / sum(length), abs=1.5)


def test_contours_are_closed_and_holes_appear_where_digits_have_them(fifth):
    holes = {d: [] for d in "0123456789"}
    for cloud in fifth:
        curves = digits.contours(index_of(cloud))
        assert all(np.array_equal(c[0], c[-1]) for c in curves)
        holes[cloud.category].append(len(curves) - 1)
    mean = {d: np.mean(h) for d, h in holes.items()}
    assert mean["0"] > 0.7
    assert mean["8"] > 1.0
    assert max(mean[d] for d in "157") < 0.15


def test_up_is_up():
    # the ink of a seven is in its upper half, that of an image row is counted from the top
    data = load_digits()
    i = int(np.flatnonzero(data.target == 7)[0])
    rows = data.images[i].sum(1)
    ink_above = rows[:4].sum() > rows[4:].sum()
    curve = digits.contours(i)[0]
    (x0, y0), (x1, y1) = curve[:-1].T, curve[1:].T
    area = (x0 * y1 - x1 * y0) / 2
    centre = ((y0 + y1) / 3 * area).sum() / area.sum()
    assert (centre > 0) == ink_above


@pytest.mark.slow
def test_split_is_stratified_fixed_and_complete():
    everything = digits.load(8, split="all")
    train, test = digits.load(8, split="train"), digits.load(8, split="test")
    assert (len(train), len(test), len(everything)) == (1442, 355, 1797)
    assert not {c.name for c in train} & {c.name for c in test}
    assert {c.name for c in train + test} == {c.name for c in everything}
    target = load_digits().target
    for d in range(10):
        assert sum(c.category == str(d) for c in test) == (target == d).sum() // 5
    assert [c.category for c in everything] == [str(t) for t in target]


@pytest.mark.slow
def test_a_digit_has_the_same_points_in_every_split_and_run(fifth):
    everything = digits.load(128, split="all")
    by_name = {c.name: c for c in everything}
    for c in fifth[::50]:
        assert torch.equal(c.points, by_name[c.name].points)
    first = next(c for c in everything if (c.category, c.split) == ("7", "train"))
    assert digits.example("7", 128).name == first.name
    assert torch.equal(digits.example("7", 128).points, first.points)
    other = digits.load(128, split="all", seed=1)
    assert not torch.equal(other[3].points, everything[3].points)


def test_numbers_without_contours_are_those_of_the_clouds(fifth):
    train, test, both = (digits.indices(split) for split in ("train", "test", "all"))
    assert test == [index_of(cloud) for cloud in fifth]
    assert sorted(train + test) == both == list(range(1797))
    with pytest.raises(ValueError, match="split must be one of 'train', 'test', 'all', received 'val'"):
        digits.indices("val")


def test_a_digit_has_the_same_points_in_every_run(fifth):
    again, other = (digits.load(128, split="test", seed=s) for s in (0, 1))
    assert torch.equal(again[3].points, fifth[3].points)
    assert not torch.equal(other[3].points, fifth[3].points)


def test_errors():
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received 0"):
        digits.load(0)
    with pytest.raises(ValueError, match="split must be one of 'train', 'test', 'all', received 'val'"):
        digits.load(split="val")
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, received -1"):
        digits.load(seed=-1)
    with pytest.raises(ValueError, match="index must be an integer from 0 to 1796, received 1797"):
        digits.contours(1797)


def test_a_sample_is_uniform_by_arc_length():
    """Places along the outline and the hole of a zero, as shares of their length, are uniform on [0, 1)."""
    curves = digits.contours(0)
    points = digits.sample(0, 4000, seed=0).points.double().numpy()
    assert distance_to_contours(points, curves).max() < 1e-6
    steps = np.concatenate([np.linalg.norm(np.diff(c, axis=0), axis=-1) for c in curves])
    starts = np.concatenate([[0], np.cumsum(steps)[:-1]])
    a = np.concatenate([c[:-1] for c in curves])
    ab = np.concatenate([np.diff(c, axis=0) for c in curves])
    t = np.clip(((points[:, None] - a) * ab).sum(-1) / np.maximum((ab**2).sum(-1), 1e-30), 0, 1)
    segment = np.linalg.norm(points[:, None] - a - t[..., None] * ab, axis=-1).argmin(1)
    along = (starts[segment] + t[np.arange(len(points)), segment] * steps[segment]) / steps.sum()
    assert stats.kstest(along, "uniform").pvalue > 0.01
    # the same test refuses points that are uniform by segment, though the contour's segments are short
    by_segment = (starts + 0.5 * steps)[
        np.random.default_rng(0).integers(len(steps), size=4000)
    ] / steps.sum()
    assert stats.kstest(by_segment, "uniform").pvalue < 0.01


def test_samples_are_independent_and_repeatable():
    one, two = (digits.sample(3, 128, seed=s) for s in (0, 1))
    assert not {tuple(p) for p in one.points.tolist()} & {tuple(p) for p in two.points.tolist()}
    assert torch.equal(one.points, digits.sample(3, 128, seed=0).points)
    assert torch.equal(one.points[:50], digits.sample(3, 50, seed=0).points)
    assert not torch.equal(one.points, digits.sample(4, 128, seed=0).points)
    same = digits.example("3", 8)
    assert (one.name, one.category, one.split) == (same.name, same.category, same.split)


def test_two_samples_differ_more_than_two_evenly_spaced_clouds():
    """The oracle of independent draws, which evenly spaced points would make meaningless."""
    by_chance, even = [], []
    for clouds in zip(*(digits.load(256, split="test", seed=s)[:10] for s in (0, 1)), strict=True):
        index = index_of(clouds[0])
        by_chance.append(float(chamfer(*(digits.sample(index, 256, seed=s).points for s in (0, 1)))))
        even.append(float(chamfer(*(c.points for c in clouds))))
    assert np.mean(by_chance) > 3 * np.mean(even)


def test_errors_of_a_sample():
    with pytest.raises(ValueError, match="index must be an integer from 0 to 1796, received -1"):
        digits.sample(-1, 5, seed=0)
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received 0"):
        digits.sample(0, 0, seed=0)
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, received -1"):
        digits.sample(0, 5, seed=-1)
