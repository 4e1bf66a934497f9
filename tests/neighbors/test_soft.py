"""Soft nearest points: every engine against a softmax by hand in float64, the bound of the tree, gradients, memory."""

import math

import pytest
import torch

from pcl_lib.neighbors import _soft, nearest, soft_nearest
from pcl_lib.neighbors import _soft_kernel as kernel
from pcl_lib.neighbors.building_blocks import keops
from tests.gradients import gradcheck, gradgradcheck
from tests.unavailable import unavailable

SIGMAS = (1.0, 0.1, 0.01, 0.001)
ENGINES = ("dense", "kdtree")


def by_hand(x, y, sigma):
    x, y = x.double(), y.double()
    exponent = (x[..., :, None, :] - y[..., None, :, :]).square().sum(-1) / (-2 * sigma**2)
    return exponent.softmax(-1) @ y, exponent.logsumexp(-1)


def surfaces(n=300, m=500, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.nn.functional.normalize(torch.randn(k, 3, generator=generator)) for k in (n, m))


def close(found, x, y, sigma, rtol=1e-5):
    mean, log = by_hand(x, y, sigma)
    assert (found.mean.detach().double() - mean).abs().max() < 5e-5 * min(sigma, 1.0)
    torch.testing.assert_close(found.log_sum_exp.detach().double(), log, rtol=rtol, atol=1e-4)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("backend", ENGINES)
def test_any_width(backend, sigma):
    x, y = surfaces()
    found = soft_nearest(x, y, sigma, backend=backend)
    assert found.backend == backend
    close(found, x, y, sigma)


@pytest.mark.parametrize("dims", [1, 2, 7, 10, 20])
@pytest.mark.parametrize("backend", ENGINES)
def test_any_dimension(backend, dims):
    generator = torch.Generator().manual_seed(dims)
    x, y = (torch.randn(k, dims, generator=generator) for k in (150, 200))
    for sigma in (1.0, 0.1):
        close(soft_nearest(x, y, sigma, backend=backend), x, y, sigma)


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("away", [3.0, 100.0])
def test_far_queries(backend, away):
    x, y = surfaces()
    for sigma in SIGMAS:
        close(soft_nearest(away * x, y, sigma, backend=backend), away * x, y, sigma)
        close(soft_nearest(x + away, y, sigma, backend=backend), x + away, y, sigma)


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
def test_a_far_query_takes_no_digits_of_those_beside_it(backend):
    torch.manual_seed(0)
    x, y = torch.rand(500, 3), torch.rand(600, 3)
    alone = soft_nearest(x.double(), y.double(), 0.01, backend="dense").mean.float()
    x[7] = torch.tensor([1e7, 0.0, 0.0])
    found = soft_nearest(x, y, 0.01, backend=backend).mean
    others = torch.arange(500) != 7
    torch.testing.assert_close(found[others], alone[others], rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", ENGINES)
def test_a_query_between_two_far_centres(backend):
    """Where weights are most sensitive to the digits of distances."""
    x = torch.tensor([[1e-7, 0.0], [0.0, 0.0], [1e-5, 0.3]])
    y = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    mean, _ = by_hand(x, y, 1e-3)
    assert 0.05 < mean[0, 0] < 0.2
    found = soft_nearest(x, y, 1e-3, backend=backend)
    torch.testing.assert_close(found.mean.double(), mean, rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", ENGINES)
def test_a_batch_has_a_width_for_each_cloud(backend):
    x, y = surfaces(240, 400)
    x, y, sigma = x.reshape(4, 60, 3), y.reshape(4, 100, 3), torch.tensor([1.0, 0.3, 0.1, 0.01])
    found = soft_nearest(x, y, sigma, backend=backend)
    for b in range(4):
        close(soft_nearest(x[b], y[b], float(sigma[b]), backend=backend), x[b], y[b], float(sigma[b]))
        torch.testing.assert_close(
            found.mean[b].double(), by_hand(x[b], y[b], float(sigma[b]))[0], rtol=0, atol=1e-5
        )
    same = soft_nearest(x, y[:1].expand(4, -1, -1), 0.1, backend=backend)
    torch.testing.assert_close(same.mean[2].double(), by_hand(x[2], y[0], 0.1)[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("tolerance", [0.3, 1e-2, 1e-4])
def test_the_bound_of_the_tree(tolerance):
    """What is left out weighs less than the tolerance of the nearest; with a wide one something is left out."""
    x, y = (c.double() for c in surfaces(200, 3000))
    sigma = 0.1
    found = soft_nearest(x, y, sigma, backend="kdtree", tolerance=tolerance)
    mean, log = by_hand(x, y, sigma)
    nearest_weight = -nearest(x, y).sq_dist / (2 * sigma**2)
    missing = log.exp() - found.log_sum_exp.exp()
    assert missing.max() > 0
    assert (missing <= tolerance * nearest_weight.exp() * (1 + 1e-9)).all()
    assert (found.mean - mean).norm(dim=1).max() <= 2 * tolerance
    fewer = soft_nearest(x, y, sigma, backend="kdtree", tolerance=tolerance / 100)
    assert (log - fewer.log_sum_exp).max() < (log - found.log_sum_exp).max()


@pytest.mark.parametrize("backend", ENGINES)
def test_gradients(backend):
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(2, k, 2, generator=generator).double().requires_grad_() for k in (3, 6))
    sigma, options = torch.tensor([0.3, 1.0]), {"backend": backend, "tolerance": 1e-12}
    assert gradcheck(lambda x, y: soft_nearest(x, y, sigma, **options)[:2], (x, y))
    assert gradcheck(lambda *c: soft_nearest(*c, 0.05, **options)[:2], (x, y), fast_mode=True)
    assert gradcheck(lambda x: soft_nearest(x, y.detach(), 0.3, **options)[0], x, fast_mode=True)
    assert gradcheck(lambda y: soft_nearest(x.detach(), y, 0.3, **options)[1], y, fast_mode=True)


@pytest.mark.parametrize("sigma", [0.5, 0.02])
def test_gradients_through_many_leaves_are_those_of_all_pairs(sigma):
    found = []
    for backend in ("kdtree", "by hand"):
        x, y = (c.double().requires_grad_() for c in surfaces(400, 700))
        mean, log = (
            by_hand(x, y, sigma) if backend == "by hand" else soft_nearest(x, y, sigma, backend=backend)[:2]
        )
        ((mean * x.detach().flip(0)).sum() + log.sum()).backward()
        found.append((x.grad, y.grad))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("backend", ENGINES)
def test_second_derivatives(backend):
    x, y = (c.double().requires_grad_() for c in surfaces(3, 5))
    options = {"backend": backend, "tolerance": 1e-12}
    assert gradgradcheck(lambda x, y: soft_nearest(x, y, 0.7, **options)[:2], (x, y))
    assert gradgradcheck(lambda x: soft_nearest(x, y.detach(), 0.7, **options).log_sum_exp, x, fast_mode=True)


def test_transforms_of_torch_see_through_it():
    x, y = (c.double() for c in surfaces(4, 9))
    jacobian = torch.func.jacrev(lambda p: soft_nearest(p[None], y, 0.3).mean[0])
    found = torch.func.vmap(jacobian)(x)
    for i in range(4):
        row = torch.autograd.functional.jacobian(lambda p: soft_nearest(p[None], y, 0.3).mean[0], x[i])
        torch.testing.assert_close(found[i], row)


def test_copies_of_one_point_and_one_point():
    x, y = surfaces(3000, 1)
    found = soft_nearest(x, y.expand(3000, -1), 0.1, backend="kdtree")
    torch.testing.assert_close(found.mean, y.expand(3000, -1), rtol=0, atol=1e-5)
    alone = soft_nearest(x, y, 0.1, backend="kdtree")
    torch.testing.assert_close(found.log_sum_exp - math.log(3000), alone.log_sum_exp, rtol=1e-5, atol=1e-4)
    both = soft_nearest(x[:1].expand(3000, -1), y, 0.1, backend="kdtree")
    torch.testing.assert_close(both.mean, y.expand(3000, -1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("backend", ENGINES)
@pytest.mark.parametrize("sigma", [10.0, 0.05])
def test_memory_is_linear(monkeypatch, backend, sigma):
    """No matrix of weights has more rows than a leaf has points, or more entries than a block."""
    entries = []

    def watching(u, v, weights=kernel._weights):
        entries.append(u.shape[1] * v.shape[1])
        return weights(u, v)

    monkeypatch.setattr(kernel, "_weights", watching)
    m = 6000
    x, y = (c.requires_grad_() for c in surfaces(3000, m))
    soft_nearest(x, y, sigma, backend=backend).mean.sum().backward()
    assert max(entries) <= 128 * m
    assert sum(entries) <= 2 * 3000 * m
    if sigma == 0.05 and backend == "kdtree":
        assert sum(entries) < 0.2 * 2 * 3000 * m


def test_the_rule_of_auto():
    x, y = surfaces(600, 600)
    assert soft_nearest(x, y, 0.1).backend == "kdtree"
    assert soft_nearest(x[:100], y[:100], 0.1).backend == "dense"
    assert soft_nearest(*(torch.rand(600, 11) for _ in range(2)), 0.1).backend == "dense"


def test_threads_do_not_change_the_answer(monkeypatch):
    monkeypatch.setattr(_soft, "_SHARE", 1)
    x, y = surfaces(2000, 2000)
    answers = []
    before = torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        try:
            a, b = x.clone().requires_grad_(), y.clone().requires_grad_()
            found = soft_nearest(a, b, 0.05)
            found.mean.square().sum().backward()
            answers.append((found.mean, found.log_sum_exp, a.grad, b.grad))
        finally:
            torch.set_num_threads(before)
    for one, other in zip(*answers, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_autocast_takes_no_digits():
    x, y = surfaces()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = soft_nearest(x, y, 0.3)
    assert torch.equal(found.mean, soft_nearest(x, y, 0.3).mean)
    assert soft_nearest(x.half(), y.half(), 0.3).mean.dtype == torch.float32


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma": 0.0}, "sigma must be a positive, finite length, received 0.0"),
        ({"sigma": torch.tensor(-1.0)}, "sigma must be a positive, finite length, received -1.0"),
        ({"sigma": torch.ones(1, 1)}, r"received shape \(1, 1\)"),
        ({"tolerance": 0.0}, "tolerance must be positive"),
        ({"backend": "tree"}, "backend must be one of 'auto'"),
        ({"backend": "triton"}, "triton"),
        ({"y": torch.full((5, 3), math.inf)}, "y must be finite"),
    ],
)
def test_bad_input(change, message):
    given = {"x": torch.zeros(4, 3), "y": torch.ones(5, 3), "sigma": 0.1} | change
    with pytest.raises((ValueError, RuntimeError), match=message):
        soft_nearest(given.pop("x"), given.pop("y"), given.pop("sigma"), **given)


@pytest.mark.slow
def test_keops_answers_alike_with_gradients():
    if not keops.available(torch.device("cpu")):
        unavailable("KeOps does not run here")
    # In float64, for clouds many sigmas across: as few kernels to compile as there can be.
    found = []
    for backend in ("keops", "dense"):
        x, y = (c.requires_grad_() for c in surfaces(40, 60))
        answer = soft_nearest(x, y, 0.1, backend=backend)
        assert answer.backend == backend
        close(answer, x.detach(), y.detach(), 0.1)
        (answer.mean.square().sum() + answer.log_sum_exp.sum()).backward()
        found.append((x.grad, y.grad))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("sigma", SIGMAS)
def test_on_a_gpu(sigma):
    x, y = surfaces()
    found = soft_nearest(x.cuda(), y.cuda(), sigma)
    assert found.mean.is_cuda
    close(_soft.SoftNearest(found.mean.cpu(), found.log_sum_exp.cpu(), found.backend), x, y, sigma)
