"""The transforms of torch.func: the same values and derivatives as autograd, in every mode."""

from functools import partial

import pytest
import torch
from torch.autograd import forward_ad
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap

from pcl_lib.distances import (
    chamfer,
    dcd,
    hausdorff,
    hyper_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.neighbors import knn, nearest, radius

# torch's own forward mode imports what is compiled by the deprecated torch.jit.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")

LOSSES = {
    "chamfer": chamfer,
    "lengths": partial(chamfer, squared=False, combine="mean"),
    "max": partial(chamfer, combine="max"),
    "backward": partial(chamfer, combine="backward"),
    "weights": partial(chamfer, weights_x=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]),
    "dcd": partial(dcd, alpha=2.0),
    "hausdorff": hausdorff,
    "hyper_cd": hyper_cd,
    "released_landau_cd": released_landau_cd,
    "truncated_cd": partial(truncated_cd, threshold=1.0),
    "weighted_chamfer": weighted_chamfer,
    "nearest": lambda x, y, **o: nearest(x, y, **o).sq_dist.sum(-1),
    "knn": lambda x, y, **o: knn(x, y, 3, **o).sq_dist.sqrt().sum((-2, -1)),
}


def clouds(n, seed):
    return torch.randn(2, n, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


X, Y = clouds(7, 0), clouds(5, 1)


@pytest.fixture(params=LOSSES)
def loss(request):
    return partial(LOSSES[request.param], backend="kdtree")


def by_autograd(loss, x, y):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(loss(x, y), x)[0]


def test_reverse_mode(loss):
    expected = by_autograd(loss, X[0], Y[0])
    torch.testing.assert_close(grad(loss)(X[0], Y[0]), expected, rtol=1e-10, atol=1e-12)
    value, pull = vjp(lambda a: loss(a, Y[0]), X[0])
    torch.testing.assert_close(value, loss(X[0], Y[0]), rtol=1e-12, atol=0)
    torch.testing.assert_close(pull(torch.ones_like(value))[0], expected, rtol=1e-10, atol=1e-12)
    rows = jacrev(lambda a: loss(a, Y))(X)
    assert rows.shape == (2, 2, 7, 3)
    torch.testing.assert_close(rows[1, 1], by_autograd(loss, X[1], Y[1]), rtol=1e-10, atol=1e-12)
    assert (rows[1, 0] == 0).all()


def test_forward_mode(loss):
    expected = by_autograd(loss, X[0], Y[0])
    direction = clouds(7, 2)[0]
    value, slope = jvp(lambda a: loss(a, Y[0]), (X[0],), (direction,))
    torch.testing.assert_close(value, loss(X[0], Y[0]), rtol=1e-12, atol=0)
    torch.testing.assert_close(slope, (expected * direction).sum(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(jacfwd(lambda a: loss(a, Y[0]))(X[0]), expected, rtol=1e-10, atol=1e-12)


def test_dual_numbers(loss):
    direction = clouds(7, 2)[0]
    with forward_ad.dual_level():
        slope = forward_ad.unpack_dual(loss(forward_ad.make_dual(X[0], direction), Y[0])).tangent
    expected = (by_autograd(loss, X[0], Y[0]) * direction).sum()
    torch.testing.assert_close(slope, expected, rtol=1e-10, atol=1e-12)


def test_vmap_is_the_batch(loss):
    expected = torch.stack([loss(a, b) for a, b in zip(X, Y, strict=True)])
    torch.testing.assert_close(vmap(loss)(X, Y), expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(
        vmap(loss, in_dims=(1, 2))(X.movedim(0, 1), Y.movedim(0, 2)), expected, rtol=1e-12, atol=0
    )
    shared = vmap(loss, in_dims=(0, None))(X, Y[0])
    torch.testing.assert_close(shared[1], loss(X[1], Y[0]), rtol=1e-12, atol=0)
    slopes = vmap(grad(loss))(X, Y)
    torch.testing.assert_close(slopes[1], by_autograd(loss, X[1], Y[1]), rtol=1e-10, atol=1e-12)
    nested = vmap(lambda a: vmap(lambda b: loss(a, b))(Y))(X)
    torch.testing.assert_close(nested[0, 1], loss(X[0], Y[1]), rtol=1e-12, atol=0)


def test_second_derivatives(loss):
    def value(a):
        return loss(a, Y[0])

    direction = clouds(7, 2)[0]
    product = torch.einsum("abcd,cd->ab", hessian(value)(X[0]), direction)
    expected = torch.autograd.functional.hvp(value, X[0], direction)[1]
    torch.testing.assert_close(product, expected, rtol=1e-9, atol=1e-11)


def test_the_door_is_open_to_no_bad_value():
    bad = X.clone()
    bad[1, 2, 0] = torch.nan
    for transformed in (vmap(chamfer), vmap(grad(chamfer)), jacrev(chamfer)):
        with pytest.raises(ValueError, match="x must be finite, received nan"):
            transformed(bad, Y)


def test_radius_names_the_way_out():
    with pytest.raises(ValueError, match=r"does not run under torch\.func.*use knn"):
        vmap(lambda a: radius(a, a, 1.0).sq_dist)(X)
