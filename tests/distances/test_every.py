"""What every public distance owes its caller: a clear error or a right value on hard input, and any device."""

import math
import tracemalloc

import pytest
import torch

from pcl_lib import distances
from pcl_lib.distances import (
    auction,
    chamfer,
    dcd,
    em_kd,
    emd,
    f_score,
    hausdorff,
    hyper_cd,
    info_cd,
    released_landau_cd,
    sinkhorn,
    transport_plan,
    truncated_cd,
    weighted_chamfer,
)
from tests.distances.reference import X, Y

# Each as one number per pair of clouds.
EVERY = {
    "auction": lambda x, y: auction(x, y).value,
    "chamfer": chamfer,
    # Without the count of the points that share a partner: it is 101 where all points are equal.
    "dcd": lambda x, y: dcd(x, y, n_lambda=0.0),
    "em_kd": lambda x, y: em_kd(x, y, leaf_size=64).value,
    "emd": lambda x, y: emd(x, y).value,
    "f_score": lambda x, y: f_score(x, y, 0.5).f,
    "hausdorff": hausdorff,
    "hyper_cd": hyper_cd,
    # Of equal distances it is the logarithm of both sizes, whatever they are.
    "info_cd": lambda x, y: info_cd(x, y) - math.log(len(x) * len(y)),
    "released_landau_cd": lambda x, y: released_landau_cd(x, y, reduction="mean"),
    "sinkhorn": lambda x, y: sinkhorn(x, y, blur=0.05),
    "transport_plan": lambda x, y: transport_plan(x, y).value,
    "truncated_cd": truncated_cd,
    "weighted_chamfer": weighted_chamfer,
}
# Of places in space, not of two clouds.
FIELDS = ("displacement", "log_density", "score")
# Of an assignment of the points of one cloud to those of another; see test_assignments.
ASSIGNMENTS = ("greedy_assignment", "quadratic_cost", "reassign", "repair_assignment")
SAME_SIZE = ("auction", "em_kd", "emd")
# Of two clouds of one point each, at 0 and at (1, 1, 1).
DIAGONAL = math.sqrt(3)
LANDAU = math.exp(-(DIAGONAL + math.exp(-DIAGONAL)) / 2)
LENGTH_OF_THE_DIAGONAL = dict.fromkeys(EVERY, DIAGONAL) | {
    "chamfer": 6.0,
    "dcd": 1.0,
    "f_score": 0.0,
    "hyper_cd": 2 * math.acosh(4),
    "info_cd": 0.0,
    "released_landau_cd": LANDAU * (1 - math.exp(-DIAGONAL)),
    "truncated_cd": 0.4,
    "weighted_chamfer": 2 * LANDAU * DIAGONAL / math.sqrt(2 * math.pi),
}
# The released Landau loss takes 3.16e-5 for the distance of a point to itself.
OF_EQUAL_CLOUDS = dict.fromkeys(EVERY, 0.0) | {"f_score": 1.0, "released_landau_cd": 1.918e-5}

BAD = {
    "x is empty": lambda: (torch.zeros(0, 3), torch.zeros(0, 3)),
    "y must be finite, received nan": lambda: (torch.zeros(2, 3), torch.full((2, 3), torch.nan)),
    "overflow float32": lambda: (torch.full((2, 3), 1e20), torch.zeros(2, 3)),
    "integer tensor": lambda: (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3)),
    "underflow float32": lambda: (torch.full((2, 3), 1e-22), torch.zeros(2, 3)),
    "hold values, received a tensor on the meta": lambda: (torch.zeros(2, 3, device="meta"),) * 2,
    "dense tensor, received layout sparse_coo": lambda: (torch.ones(2, 3).to_sparse(), torch.ones(2, 3)),
    "on one device": lambda: (torch.zeros(2, 3), torch.zeros(2, 3, device="meta")),
}


def test_no_public_distance_is_left_out():
    functions = {name for name in distances.__all__ if name[0].islower()}
    assert functions == {*EVERY, *FIELDS, *ASSIGNMENTS}


# They scale the clouds themselves.
ANY_SCALE = ("auction", "em_kd", "emd", "sinkhorn", "transport_plan")


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("message", BAD)
@pytest.mark.parametrize("name", EVERY)
def test_bad_clouds(name, message):
    if name in ANY_SCALE and message.startswith("underflow"):
        assert torch.isfinite(EVERY[name](*BAD[message]()))
        return
    with pytest.raises(ValueError, match=message):
        EVERY[name](*BAD[message]())


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("name", SAME_SIZE)
def test_one_partner_each_needs_equal_sizes(name):
    with pytest.raises(ValueError, match=r"same number of points.*or use transport_plan"):
        EVERY[name](torch.zeros(4, 3), torch.zeros(5, 3))


@pytest.mark.parametrize("name", sorted(set(EVERY) - set(SAME_SIZE)))
def test_sizes_may_differ(name):
    value = EVERY[name](torch.zeros(4, 3), torch.ones(5, 3)).item()
    assert value == pytest.approx(LENGTH_OF_THE_DIAGONAL[name], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", EVERY)
def test_one_point_and_all_points_equal(name, dtype):
    zero = torch.zeros(1, 3, dtype=dtype)
    value = EVERY[name](zero, zero + 1)
    assert value.dtype == dtype
    # geomloss takes 1e-4 for the distance of a point to itself.
    rel = 1e-4 if name == "sinkhorn" else 1e-5
    assert value.item() == pytest.approx(LENGTH_OF_THE_DIAGONAL[name], rel=rel, abs=2e-6)
    same = torch.full((101, 3), 0.5, dtype=dtype)
    assert EVERY[name](same, same).item() == pytest.approx(OF_EQUAL_CLOUDS[name], abs=1e-6)
    assert EVERY[name](same, same + 1).item() == pytest.approx(
        LENGTH_OF_THE_DIAGONAL[name], rel=rel, abs=2e-6
    )


# Sinkhorn would need a blur of that size, and anneals from the extent down to it. InfoCD is of differences between
# distances, which drown there.
@pytest.mark.parametrize("name", sorted(set(EVERY) - {"sinkhorn", "info_cd"}))
def test_huge_coordinates_in_double_precision(name):
    huge = torch.tensor([[1e20, 0.0], [-1e20, 0.0]], dtype=torch.float64)
    expected = {"chamfer": 4e36, "f_score": 0.0, "hausdorff": math.sqrt(2) * 1e18}
    expected |= {"dcd": 1.0, "hyper_cd": 4 * math.asinh(1e18), "truncated_cd": 0.4}
    expected |= {"released_landau_cd": 0.0, "weighted_chamfer": 0.0}
    found = EVERY[name](huge, huge + 1e18).item()
    assert found == pytest.approx(expected.get(name, math.sqrt(2) * 1e18), rel=1e-9)


def test_em_kd_needs_memory_in_proportion_to_the_points():
    def peak(n):
        x, y = torch.rand(2, n, 3, generator=torch.Generator().manual_seed(0))
        tracemalloc.start()
        em_kd(x, y, leaf_size=32)
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    small, large = peak(20_000), peak(80_000)
    assert large < 5 * small
    assert large < 400 * 80_000, "bytes; a matrix of the costs would take 51 thousand million"


@pytest.mark.gpu
@pytest.mark.parametrize("name", EVERY)
def test_cuda_agrees_with_the_cpu(name):
    x, y = torch.from_numpy(X(300)), torch.from_numpy(Y(300))
    value = EVERY[name](x.cuda(), y.cuda())
    assert value.device.type == "cuda"
    # The auction's bids may be ordered by other roundings there.
    torch.testing.assert_close(
        value.cpu(), EVERY[name](x, y), rtol=5e-3 if name == "auction" else 1e-6, atol=1e-9
    )


@pytest.mark.gpu
@pytest.mark.parametrize("name", sorted(set(EVERY) - {"f_score"}))
def test_gradient_on_cuda(name):
    x, y = torch.from_numpy(X(100)).cuda().requires_grad_(), torch.from_numpy(Y(100)).cuda()
    (gradient,) = torch.autograd.grad(EVERY[name](x, y), x)
    assert gradient.device == x.device
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("name", ANY_SCALE)
def test_tiny_clouds_have_the_value_of_scaled_ones(name):
    x, y = (torch.rand(6, 3, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    if name == "sinkhorn":  # its blur is a length
        tiny, whole = (
            distances.sinkhorn(x * 1e-25, y * 1e-25, blur=5e-27),
            distances.sinkhorn(x, y, blur=0.05),
        )
    else:
        tiny, whole = EVERY[name](x * 1e-25, y * 1e-25), EVERY[name](x, y)
    assert tiny.item() == pytest.approx(1e-25 * whole.item(), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", EVERY)
def test_half_precision_is_widened(name, dtype):
    x, y = (torch.rand(8, 3, generator=torch.Generator().manual_seed(seed)).to(dtype) for seed in (0, 1))
    value = EVERY[name](x, y)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(EVERY[name](x.float(), y.float()).item(), rel=1e-6, abs=1e-9)
