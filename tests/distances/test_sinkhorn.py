"""The Sinkhorn divergence: any place, scale and surrounding, and whose gradient it is."""

import sys

import pytest
import torch

from pcl_lib.distances import emd, sinkhorn
from pcl_lib.neighbors.building_blocks import keops
from tests.distances.reference import named

needs_keops = pytest.mark.skipif(
    not keops.available(torch.device("cpu")), reason="KeOps or its C++ compiler is missing"
)


def pair(n, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, n, 3, generator=generator, dtype=dtype)


def by_scaling_kernels(x, y, blur, squared, rounds=3_000):
    """The formula, by Sinkhorn's plain iterations and the primal cost."""

    def transport(x, y):
        cost = torch.cdist(x, y) ** (2 if squared else 1)
        eps = 2 * blur**2 if squared else blur
        kernel, n, m = (-cost / eps).exp(), len(x), len(y)
        v = torch.ones(m, dtype=x.dtype)
        for _ in range(rounds):
            u = 1 / (kernel @ v) * m
            v = 1 / (kernel.T @ u) * n
        plan = u[:, None] * kernel * v / (n * m)
        return (plan * cost).sum() + eps * (plan * (plan * n * m).log()).sum()

    return transport(x, y) - (transport(x, x) + transport(y, y)) / 2


@pytest.mark.parametrize("squared", [False, True])
def test_with_a_tolerance_it_is_the_formula(squared):
    x, y = pair(30)
    expected = by_scaling_kernels(x, y[:20], 0.2, squared)
    found = sinkhorn(x, y[:20], blur=0.2, squared=squared, tolerance=1e-9)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=0)
    coarse = sinkhorn(x, y[:20], blur=0.2, squared=squared, tolerance=0.01)
    torch.testing.assert_close(coarse, expected, rtol=1e-3, atol=0)


@pytest.mark.parametrize("scaling", [0.5, 0.9])
@pytest.mark.parametrize("blur", [0.003, 0.05, 3.0])
def test_without_a_tolerance_it_is_geomloss(scaling, blur):
    from geomloss import SamplesLoss

    x, y = pair(60)
    loss = SamplesLoss("sinkhorn", p=2, blur=blur, scaling=scaling, backend="tensorized")
    found = sinkhorn(x, y, blur=blur, scaling=scaling, squared=True)
    torch.testing.assert_close(found, 2 * loss(x, y), rtol=1e-9, atol=0)
    # For lengths geomloss takes no distance to be less than 1e-4, that of a point to itself included.
    lengths = SamplesLoss("sinkhorn", p=1, blur=blur, scaling=scaling, backend="tensorized")
    found = sinkhorn(x, y, blur=blur, scaling=scaling)
    torch.testing.assert_close(found, lengths(x, y), rtol=0, atol=1.1e-4)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("shift", [0.0, 50.0, 1000.0, 10_000.0])
def test_in_single_precision_away_from_the_origin(squared, shift):
    x, y = ((cloud + shift).float() for cloud in pair(200))
    exact = sinkhorn(x.double(), y.double(), blur=0.05, squared=squared)
    for a, b in ((x, y), (x.flip(0), y), (x[None].expand(2, -1, -1), y[None].expand(2, -1, -1))):
        found = sinkhorn(a, b, blur=0.05, squared=squared)
        torch.testing.assert_close(found.double(), exact.expand_as(found), rtol=2e-6, atol=0)


@pytest.mark.parametrize("squared", [False, True])
def test_in_map_coordinates(squared):
    off = torch.tensor([5e5, 4.5e6, 100.0], dtype=torch.float64)
    x, y = ((100 * cloud + off).float() for cloud in pair(100))
    exact = sinkhorn((x.double() - off) / 100, (y.double() - off) / 100, blur=0.01, squared=squared)
    found = sinkhorn(x, y, blur=1.0, squared=squared).double() / (1e4 if squared else 100)
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=0)
    a = x.clone().requires_grad_()
    b = ((x.double() - off) / 100).requires_grad_()
    sinkhorn(a, y, blur=1.0, squared=squared).backward()
    sinkhorn(b, (y.double() - off) / 100, blur=0.01, squared=squared).backward()
    torch.testing.assert_close(a.grad.double() / (100 if squared else 1), b.grad, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("squared", [False, True])
def test_any_scale(dtype, squared):
    x, y = pair(50, dtype=dtype)
    expected = sinkhorn(x, y, blur=0.05, squared=squared)
    powers = (-20, 0, 15) if dtype == torch.float32 else (-70, -20, 0, 60)
    for scale in (2.0 ** int(3.32 * power) for power in powers):
        found = sinkhorn(scale * x, scale * y, blur=0.05 * scale, squared=squared)
        unit = scale**2 if squared else scale
        if unit > torch.finfo(dtype).tiny:
            torch.testing.assert_close(found.double() / unit, expected.double(), rtol=1e-6, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("blur", [1e-8, 0.1, 10.0, 1e6, 1e12])
def test_never_negative_beyond_rounding(dtype, blur):
    x, y = pair(60, dtype=dtype)
    for squared in (False, True):
        for a, b in ((x, y), (x, x + 1e-3), (x, x), (x, x.flip(0)), (x, y[:1])):
            value = sinkhorn(a, b, blur=blur, squared=squared).item()
            assert value >= -1e-6
            if b is not y:
                continue
            # A large blur leaves the kernel distance of the cost.
            if blur >= 1e6:
                cost = [torch.cdist(*two).double() ** (1 + squared) for two in ((a, b), (a, a), (b, b))]
                limit = cost[0].mean() - (cost[1].mean() + cost[2].mean()) / 2
                assert value == pytest.approx(limit.item(), rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("squared", [False, True])
def test_autocast_changes_nothing(dtype, squared):
    x, y = pair(64, dtype=torch.float32)
    for a, b in ((x, y), (x, x + 1e-3)):
        results = []
        for enabled in (False, True):
            leaf = a.clone().requires_grad_()
            with torch.autocast("cpu", dtype=dtype, enabled=enabled):
                value = sinkhorn(leaf, b, blur=0.05, squared=squared)
            results.append((value.detach(), torch.autograd.grad(value, leaf)[0]))
        assert all(map(torch.equal, *results))


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("blur", [0.3, 0.15])
def test_with_a_tolerance_the_gradient_is_that_of_the_value(blur, squared):
    x, y = pair(12)

    def value(a, tolerance):
        return sinkhorn(a, y, blur=blur, squared=squared, tolerance=tolerance)

    generator = torch.Generator().manual_seed(2)
    ways = torch.randn(6, *x.shape, generator=generator, dtype=x.dtype)
    # Differences of the converged value: those of a coarse one hold the noise of where it stopped.
    slopes = torch.stack([(value(x + 1e-5 * d, 1e-8) - value(x - 1e-5 * d, 1e-8)) / 2e-5 for d in ways])
    for tolerance, off in ((0.01, 0.05), (1e-6, 1e-4)):
        gradient = torch.autograd.functional.jacobian(lambda a, t=tolerance: value(a, t), x)
        assert ((gradient * ways).sum((1, 2)) - slopes).norm() < off * slopes.norm()


@pytest.mark.slow
def test_without_a_tolerance_the_gradient_is_off_by_what_the_card_says():
    x, y = pair(40)
    errors = []
    for options in ({"scaling": 0.5}, {"scaling": 0.9}, {"scaling": 0.99}, {"tolerance": 0.01}):
        found, best = (
            torch.autograd.functional.jacobian(lambda a, o=o: sinkhorn(a, y, blur=0.05, squared=True, **o), x)
            for o in (options, {"tolerance": 1e-4})
        )
        errors.append(((found - best).norm() / best.norm()).item())
    assert errors[0] > 0.3 > errors[1] > 0.05 > errors[2] > errors[3]


def test_a_second_derivative_is_an_error():
    x, y = pair(9)
    x = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(sinkhorn(x, y, blur=0.1), x, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivative"):
        first.square().sum().backward()
    with pytest.raises(RuntimeError, match="no second derivative"):
        torch.autograd.functional.hessian(lambda a: sinkhorn(a, y, blur=0.1), x.detach())
    by_func = torch.func.grad(lambda a: sinkhorn(a, y, blur=0.1))(x.detach())
    assert torch.equal(by_func, first)


def test_gradients_stay_switched_off():
    x, y = pair(9)
    with torch.no_grad():
        assert not sinkhorn(x.requires_grad_(), y, blur=0.1).requires_grad
        assert not torch.is_grad_enabled()


def test_tolerance_for_each_cloud_of_a_batch():
    x, y = torch.stack([pair(30)[0], pair(30, 1)[0]]), torch.stack([pair(30)[1], pair(30, 1)[1]])
    together = sinkhorn(x, y, blur=0.05, tolerance=1e-6)
    alone = [sinkhorn(*two, blur=0.05, tolerance=1e-6) for two in zip(x, y, strict=True)]
    torch.testing.assert_close(together, torch.stack(alone), rtol=1e-6, atol=0)


@needs_keops
@pytest.mark.parametrize("squared", [False, True])
def test_online_is_the_same_away_from_the_origin(squared):
    x, y = ((cloud + 10_000).float() for cloud in pair(100))
    y[:5] = x[:5]
    results = []
    for clouds, backend in (((x, y), "online"), ((x.double(), y.double()), "tensorized")):
        a = clouds[0].requires_grad_()
        value = sinkhorn(a, clouds[1], blur=0.05, squared=squared, tolerance=0.01, backend=backend)
        results.append((value.detach().double(), torch.autograd.grad(value, a)[0].double()))
    torch.testing.assert_close(*results, rtol=1e-3, atol=1e-5)
    assert results[0][0].item() == pytest.approx(results[1][0].item(), rel=1e-4)


@needs_keops
def test_multiscale_away_from_the_origin(monkeypatch):
    # On geomloss's dense costs, which lose digits as its clusters do, and need no compiler.
    from geomloss import SamplesLoss

    monkeypatch.setattr(
        "geomloss.SamplesLoss", lambda *a, **o: SamplesLoss(*a, **(o | {"backend": "tensorized"}))
    )
    monkeypatch.setattr("pcl_lib.neighbors._keops.available", lambda _: True)
    x, y = ((cloud + 10_000).float() for cloud in pair(100))
    x.requires_grad_()
    found, expected = (
        sinkhorn(x, y, blur=0.05, squared=True, backend=backend) for backend in ("multiscale", "tensorized")
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)
    with torch.no_grad():
        assert not sinkhorn(x, y, blur=0.05, backend="multiscale").requires_grad
        assert not torch.is_grad_enabled()


def test_a_large_pair_without_keops_stays_dense(monkeypatch):
    monkeypatch.setattr(sys.modules[sinkhorn.__module__], "_DENSE", 0)
    monkeypatch.setattr("pcl_lib.neighbors._keops.available", lambda _: False)
    x, y = torch.from_numpy(named("U(20, 0)")), torch.from_numpy(named("U(20, 1)"))
    assert sinkhorn(x, y, blur=0.01, tolerance=0.1).item() == pytest.approx(emd(x, y).value.item(), rel=0.2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance must be a positive, finite share or None, received 0.0"),
        ({"backend": "dense"}, "backend must be one of 'auto', 'tensorized'"),
        ({"backend": "multiscale", "tolerance": 0.1}, "takes no tolerance"),
        ({"backend": "multiscale"}, "takes one pair of clouds, received a batch of 2"),
    ],
)
def test_bad_options(options, message):
    shape = (5, 3) if "tolerance" in options else (2, 5, 3)
    with pytest.raises(ValueError, match=message):
        sinkhorn(torch.ones(shape), torch.ones(shape), blur=0.1, **options)


def test_potentials_that_do_not_settle_are_reported(monkeypatch):
    monkeypatch.setattr("pcl_lib.distances._sinkhorn_rounds.MAX_ROUNDS", 3)
    with pytest.raises(RuntimeError, match="not converged after 3 rounds; take a larger blur or tolerance"):
        sinkhorn(*pair(40), blur=0.001, tolerance=1e-6)
