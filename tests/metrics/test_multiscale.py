"""mcd, local_chamfer, half_sum_hausdorff: loops, laws, batches, messages."""

import pytest
import torch

from pcl_lib.distances import hausdorff
from pcl_lib.metrics import half_sum_hausdorff, local_chamfer, mcd
from tests.metrics.reference import naive_mcd, random_clouds, rotation


def test_matches_the_loops_for_unequal_sizes():
    x, y = random_clouds(30, 3), random_clouds(22, 3, seed=1)
    value = mcd(x, y, sizes=(2, 5), centres=6).item()
    assert value == pytest.approx(naive_mcd(x.numpy(), y.numpy(), [2, 5], 6), rel=1e-12)


def test_half_sum_hausdorff_is_not_the_hausdorff_distance():
    x, y = random_clouds(30, 3), random_clouds(22, 3, seed=1)
    there, back = (hausdorff(x, y, combine=way).item() for way in ("forward", "backward"))
    assert half_sum_hausdorff(x, y).item() == pytest.approx((there**2 + back**2) / 2, rel=1e-12)
    assert there != back


@pytest.mark.parametrize("metric", [lambda x, y: mcd(x, y, sizes=(2, 5), centres=6), half_sum_hausdorff])
def test_laws(metric):
    x, y = random_clouds(30, 3), random_clouds(22, 3, seed=1)
    value = metric(x, y).item()
    assert metric(x, x).item() == 0
    assert metric(y, x).item() == pytest.approx(value, rel=1e-12)
    moved = [cloud @ rotation() + 2.0 for cloud in (x, y)]
    assert metric(*moved).item() == pytest.approx(value, rel=1e-9)
    assert metric(3 * x, 3 * y).item() == pytest.approx(9 * value, rel=1e-12)


def test_a_batch_is_a_loop():
    x, y = random_clouds(3, 40, 3), random_clouds(3, 36, 3, seed=1)
    for metric in (lambda a, b: mcd(a, b, sizes=(4, 8), centres=8), half_sum_hausdorff):
        expected = torch.stack([metric(a, b) for a, b in zip(x, y, strict=True)])
        assert torch.equal(metric(x, y), expected)


def test_batch_max_follows_the_released_code():
    # The first pair is worse one way, the second the other way: then the order of mean and maximum shows.
    part, whole = random_clouds(40, 3)[:20].repeat(2, 1), random_clouds(40, 3)
    x, y = torch.stack([part, whole]), torch.stack([whole, part])
    options = {"sizes": (4,), "centres": 8}
    local = torch.stack([local_chamfer(a, b, 4, centres=8) for a, b in zip(x, y, strict=True)])
    sq = torch.cdist(x, y).square()
    of_batch = torch.maximum(sq.amin(2).mean(), sq.amin(1).mean())
    assert torch.allclose(mcd(x, y, batch_max=True, **options), local + 0.1 * of_batch, rtol=1e-12)
    assert (mcd(x, y, **options) > mcd(x, y, batch_max=True, **options)).all()
    assert torch.equal(mcd(x[:1], y[:1], batch_max=True, **options), mcd(x[:1], y[:1], **options))


def test_ties_take_the_first_so_that_the_value_is_reproducible():
    axis = torch.arange(4, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis, axis)
    y = grid + 0.1 * random_clouds(64, 3)
    value = mcd(grid, y, sizes=(3, 7), centres=9).item()
    assert value == pytest.approx(naive_mcd(grid.numpy(), y.numpy(), [3, 7], 9), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "from 1 to the number of points.*128 centres for x .20, 3."),
        ({"centres": 4, "sizes": (4, 21)}, "take larger clouds"),
        ({"centres": 0, "sizes": (4,)}, "from 1"),
        ({"centres": 4, "sizes": (0,)}, "from 1"),
        ({"centres": 4, "sizes": ()}, "at least one neighbourhood size"),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError, match=message):
        mcd(random_clouds(20, 3), random_clouds(30, 3), **options)


def test_bad_clouds_are_refused():
    x = random_clouds(20, 3)
    bad = x.clone()
    bad[3, 1] = torch.nan
    with pytest.raises(ValueError, match="y must be finite"):
        mcd(x, bad, sizes=(2,), centres=2)
    with pytest.raises(ValueError, match="y must be finite"):
        half_sum_hausdorff(x, bad)
