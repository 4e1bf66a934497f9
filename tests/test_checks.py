"""The door: one message for each mistake, saying what was expected, what came, and what to do."""

import math
import re

import numpy as np
import pytest
import torch

from pcl_lib._checks import (
    check_cloud,
    check_integer,
    check_pair,
    check_positive,
    if_transposed,
    largest_coordinate,
    smallest_coordinate,
)
from pcl_lib.distances import chamfer, f_score, hausdorff
from pcl_lib.neighbors import farthest_points, knn, nearest, radius

pytestmark = pytest.mark.usefixtures("as_users_call_it")


def cloud(*shape, dtype=torch.float32):
    return torch.rand(*shape, dtype=dtype)


def with_value(value, where, shape=(5, 3)):
    x = cloud(*shape)
    x[where] = value
    return x


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0.0, 1.0]], r"x must be a torch.Tensor .* received list; convert it with torch.as_tensor"),
        (torch.zeros(4, 3, dtype=torch.int64), r"an integer tensor of dtype int64; call x.float\(\)"),
        (torch.zeros(4, 3, dtype=torch.bool), r"an integer tensor of dtype bool"),
        (torch.zeros(4, 3, dtype=torch.complex64), r"a tensor of dtype complex64"),
        (torch.zeros(4, 3, dtype=torch.float16), r"half precision float16.*call x.float\(\)"),
        (torch.zeros(4, 3, dtype=torch.bfloat16), r"half precision bfloat16"),
        (torch.zeros(4, 3, device="meta"), r"x must hold values, received a tensor on the meta device"),
        (torch.zeros(4, 3).to_sparse(), r"dense tensor, received layout sparse_coo; call x.to_dense\(\)"),
        (torch.zeros(3), r"received 1-D shape \(3,\); add the missing axis with x\[None\]"),
        (torch.zeros(1, 2, 3, 4), r"\(N, D\) or \(B, N, D\), received 4-D shape \(1, 2, 3, 4\)"),
        (torch.zeros(0, 3), r"x is empty: received shape \(0, 3\)"),
        (torch.zeros(2, 0, 3), r"x is empty: received shape \(2, 0, 3\)"),
        (with_value(torch.nan, (3, 1)), r"finite, received nan at x\[3, 1\] \(1 bad of 15 coordinates"),
        (with_value(-torch.inf, (2, 0)), r"finite, received -inf at x\[2, 0\]"),
        (with_value(torch.nan, (1, 4, 2), (2, 5, 3)), r"received nan at x\[1, 4, 2\]"),
        (with_value(1e20, (0, 0)), r"up to 1e\+20: squared distances overflow float32 .* x.double\(\)"),
    ],
)
def test_each_mistake_has_its_message(x, message):
    with pytest.raises(ValueError, match=message):
        check_cloud(x)


def test_names_the_argument():
    with pytest.raises(ValueError, match="prediction is empty"):
        check_cloud(torch.zeros(0, 3), "prediction")
    with pytest.raises(ValueError, match="truth is empty"):
        check_pair(cloud(4, 3), torch.zeros(0, 3), ("prediction", "truth"))


def test_restricts_the_dimension():
    check_cloud(cloud(4, 3), dims=3)
    check_cloud(cloud(4, 2), dims=(2, 3))
    with pytest.raises(ValueError, match=r"D = 3 in its last axis, received shape \(3, 10\).*try x\.mT"):
        check_cloud(cloud(3, 10), dims=3)
    with pytest.raises(ValueError, match=r"D = 2 or 3 in its last axis, received shape \(7, 5\)$"):
        check_cloud(cloud(7, 5), dims=(2, 3))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (cloud(4, 3), cloud(5, 3, dtype=torch.float64), r"one dtype, received float32 and float64; .* y\.to"),
        (cloud(4, 3), cloud(1, 5, 3), r"both be .* received x \(4, 3\) and y \(1, 5, 3\); add a batch axis"),
        (cloud(4, 3), cloud(5, 2), r"same dimension D in the last axis, received x \(4, 3\) and y \(5, 2\)"),
        (cloud(2, 4, 3), cloud(1, 5, 3), r"same batch size .*\(2, 4, 3\) and y \(1, 5, 3\); .*expand"),
        (cloud(4, 3), torch.zeros(5, 3, device="meta"), r"one device, received cpu and meta; .* y\.to"),
    ],
)
def test_each_mismatch_has_its_message(x, y, message):
    with pytest.raises(ValueError, match=message):
        check_pair(x, y)


def test_same_size_only_when_asked():
    check_pair(cloud(4, 3), cloud(5, 3))
    with pytest.raises(ValueError, match=r"same number of points, received x \(4, 3\) and y \(5, 3\)"):
        check_pair(cloud(4, 3), cloud(5, 3), same_size=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dim", [1, 3, 64])
def test_the_coordinate_limit_is_where_squares_overflow(dtype, dim):
    limit = largest_coordinate(dtype, dim)
    corner = torch.full((1, dim), limit * (1 - 1e-6), dtype=dtype)
    check_pair(corner, -corner)
    assert torch.isfinite((2 * corner).square().sum())
    assert not torch.isfinite((2.00001 * corner).square().sum())
    with pytest.raises(ValueError, match="overflow"):
        check_cloud(1.00001 * corner)


def test_many_large_coordinates_below_the_limit_pass():
    # Their sum of squares overflows, which must not be held against any one of them.
    check_cloud(torch.full((1000, 3), 0.9 * largest_coordinate(torch.float32, 3)))


@pytest.mark.parametrize(
    "call",
    [
        nearest,
        lambda x, y: knn(x, y, 1),
        lambda x, y: radius(x, y, 1.0),
        lambda x, _: farthest_points(x, 1),
        chamfer,
        lambda x, y: chamfer(x, y, squared=False, combine="max"),
        lambda x, y: chamfer(x, y, combine="forward"),
        hausdorff,
        lambda x, y: f_score(x, y, 0.1),
    ],
)
def test_every_public_function_checks_at_the_door(call):
    good, bad = cloud(6, 3), with_value(torch.nan, (4, 2))
    with pytest.raises(ValueError, match=re.escape("x[4, 2]")):
        call(bad, good)
    with pytest.raises(ValueError, match=r"torch\.Tensor"):
        call([[0.0]], good)


def test_public_functions_refuse_unknown_options():
    x = cloud(6, 3)
    with pytest.raises(ValueError, match=r"reduction must be one of 'mean', 'sum', received 'max'"):
        chamfer(x, x, reduction="max")
    with pytest.raises(ValueError, match=r"combine must be one of .*'backward', received 'both'"):
        chamfer(x, x, combine="both")
    with pytest.raises(
        ValueError, match=r"combine must be one of 'max', 'forward', 'backward', received 'sum'"
    ):
        hausdorff(x, x, combine="sum")
    with pytest.raises(ValueError, match=r"threshold must be a positive, finite length, received 0"):
        f_score(x, x, 0)
    with pytest.raises(ValueError, match=r"backend must be one of .*'dense', received 'cuda'"):
        nearest(x, x, backend="cuda")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(6, 3), (2, 6, 3), (1, 500, 2)])
def test_clouds_whose_squares_vanish_are_refused(dtype, shape):
    small = smallest_coordinate(dtype)
    x = torch.rand(shape, dtype=dtype, generator=torch.Generator().manual_seed(0)) + 0.5
    x /= x.amax((-2, -1), keepdim=True)
    check_pair(1.001 * small * x, small * x)
    for tiny in (0.999 * small, 1e-3 * small):
        for y in (tiny * x, 0 * x):
            with pytest.raises(ValueError, match=rf"x and y .* underflow {str(dtype)[6:]} below"):
                check_pair(tiny * x, y)
            with pytest.raises(ValueError, match="rescale the clouds"):
                check_pair(y, tiny * x)
        check_cloud(tiny * x)  # to be rescaled


def test_one_small_pair_in_a_batch_is_found():
    x = cloud(3, 5, 3) + 0.1
    x[1] *= 1e-20
    with pytest.raises(ValueError, match=r"at most \S+e-2[01]: .*use x\.double\(\) and y\.double\(\)"):
        check_pair(x, x)


def test_small_beside_large_and_all_zero_pass():
    tiny, zero = torch.full((5, 3), 1e-25), torch.zeros(5, 3)
    check_pair(tiny, cloud(4, 3))
    check_pair(zero, zero)
    check_pair(torch.stack([zero, tiny]), torch.stack([zero, zero + 1]))
    assert chamfer(zero, zero).item() == 0


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_integers(value):
    found = check_integer("k", value, 1, 3)
    assert (found, type(found)) == (3, int)


@pytest.mark.parametrize(
    "value", [True, np.True_, 2.0, np.float64(2), "2", None, 0, 4, torch.tensor(2.0), [1]]
)
def test_what_is_no_integer_in_range(value):
    with pytest.raises(ValueError, match=re.escape(f"k must be an integer from 1 to 3, received {value!r}")):
        check_integer("k", value, 1, 3)


@pytest.mark.parametrize("value", [1, 0.5, np.float32(2), torch.tensor(0.1), 1e-300])
def test_positive_numbers(value):
    check_positive("tau", value)


@pytest.mark.parametrize(
    "value", [0, -1.0, math.nan, math.inf, True, "0.1", None, 1j, torch.tensor([1.0, 2.0]), [1.0]]
)
def test_what_is_no_positive_number(value):
    with pytest.raises(ValueError, match="r must be a positive, finite length, received"):
        check_positive("r", value, "length")


def test_options_that_are_no_numbers():
    x = cloud(9, 3)
    for call, message in (
        (lambda: knn(x, x, True), "k must be an integer from 1 to the 9 points"),
        (lambda: knn(x, x, 2.0), r"k must be .* received 2\.0"),
        (lambda: radius(x, x, 1.0, max_neighbors=2.5), r"max_neighbors must be an integer .* received 2\.5"),
        (lambda: radius(x, x, "1"), "r must be a positive, finite length, received '1'"),
        (lambda: f_score(x, x, "0.1"), "threshold must be a positive, finite length, received '0.1'"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert torch.equal(knn(x, x, np.int64(2)).index, knn(x, x, 2).index)
    assert radius(x, x, 9.0, max_neighbors=np.int32(2)).index.shape == (9, 2)


def test_a_transposed_cloud_is_named_where_it_is_refused():
    assert if_transposed(cloud(3, 10), "x") == "; is it transposed? try x.mT"
    assert if_transposed(cloud(10, 3), "x") == if_transposed(cloud(3, 3), "x") == ""
    with pytest.raises(
        ValueError, match=r"the 3 points of y \(3, 100\), received 8; is it transposed\? try y\.mT"
    ):
        knn(cloud(3, 100), cloud(3, 100), 8)
