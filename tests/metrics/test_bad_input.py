"""Bad clouds meet a message in every metric; odd but valid ones get their value."""

import pytest
import torch

from pcl_lib import metrics
from tests.metrics.reference import random_clouds
from tests.metrics.test_backends import METRICS

PAIRS = {name: lambda x, y, m=m: m(x, y, backend="auto") for name, m in METRICS.items()}
PAIRS |= {
    "f1_at_1_percent": metrics.f1_at_1_percent,
    "approximate_emd": metrics.approximate_emd,
    "annealed_matching": metrics.annealed_matching,
    "pairwise": metrics.pairwise,
    "generation_scores": metrics.generation_scores,
}
X = random_clouds(2, 60, 3)


def spoilt(value):
    x = X.clone()
    x[1, 7, 2] = value
    return x


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (spoilt(torch.nan), "must be finite, received nan"),
        (spoilt(torch.inf), "must be finite, received inf"),
        (spoilt(1e20).float(), "squared distances overflow float32"),
        (X[:, :0], "is empty"),
        (X.long(), "integer tensor"),
        (X.numpy(), r"must be a torch\.Tensor"),
        (X[0, 0], "must have shape"),
    ],
    ids=["nan", "inf", "1e20", "empty", "integer", "array", "rank"],
)
def test_bad_clouds(name, x, message):
    with pytest.raises(ValueError, match=message):
        PAIRS[name](x, x)


@pytest.mark.parametrize(
    "name", sorted(PAIRS.keys() - {"generation_scores", "approximate_emd", "annealed_matching"})
)
def test_half_precision_is_computed_in_float32(name):
    x, y = X.half(), random_clouds(2, 60, 3, seed=1).half()
    value = PAIRS[name](x, y)
    assert value.dtype == torch.float32
    assert torch.equal(value, PAIRS[name](x.float(), y.float()))


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("name", sorted(PAIRS.keys() - {"largest_spacing", "uniformity"}))
def test_mixed_kinds(name):
    with pytest.raises(ValueError, match="dtype"):
        PAIRS[name](X, X.float())
    with pytest.raises(ValueError, match="device"):
        PAIRS[name](X, X.to("meta"))
    with pytest.raises(ValueError, match=r"dimension D|number of points"):
        PAIRS[name](X, X[..., :2])


@pytest.mark.parametrize(
    "name", sorted(PAIRS.keys() - {"largest_spacing", "annealed_matching", "generation_scores"})
)
def test_all_points_equal(name):
    x = torch.ones(2, 60, 3, dtype=torch.float64)
    value = PAIRS[name](x, x)
    if name in ("d1_psnr", "d2_psnr"):
        assert (value == torch.inf).all()
    elif name == "f1_at_1_percent":
        assert (value == 1).all()
    elif name == "uniformity":
        assert (value > 1).all()  # a single heap is as uneven as points can lie
    elif name == "density_difference":
        # The 1e-8 of the denominators: 0 against 1e-8 in the mean distance, 60 against 60 + 1e-8 in the count.
        assert value.tolist() == pytest.approx([2e-4 + 2e-8 / 60] * 2, rel=1e-9)
    else:
        assert (value == 0).all()


def test_one_point():
    x, y = torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 3, dtype=torch.float64)
    assert metrics.mcd(x, y, sizes=(1,), centres=1).item() == pytest.approx(3 + 0.1 * 3)
    assert metrics.half_sum_hausdorff(x, y).item() == 3
    assert metrics.cd_l2(x, y).item() == 6000
    assert metrics.mesh_accuracy(x, y).item() == pytest.approx(3**0.5)
    assert metrics.d1_psnr(x, y, peak=1.0).item() == pytest.approx(0, abs=1e-12)
    assert metrics.density_difference(x, y).item() == pytest.approx(2e-4 + 2e-8, rel=1e-9)
    assert metrics.uniformity(x, area=1.0).tolist() == [0] * 5
