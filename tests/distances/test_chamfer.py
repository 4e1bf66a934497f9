"""chamfer: laws, gradients and hard inputs, over every convention and engine."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pcl_lib.distances import chamfer
from tests.distances.reference import X, Y, nearest_distances
from tests.gradients import gradcheck, gradgradcheck

COMBINE = {
    "sum": lambda a, b: a + b,
    "mean": lambda a, b: (a + b) / 2,
    "max": max,
    "forward": lambda a, _: a,
    "backward": lambda _, b: b,
}
CONVENTIONS = [
    {"squared": squared, "reduction": reduction, "combine": combine}
    for squared, reduction, combine in itertools.product((True, False), ("mean", "sum"), COMBINE)
]
ENGINES = ["dense", "kdtree"]

# Multiples of 1/64: sums and squares are exact, so that laws hold to the last digit and ties are real ties.
grid = st.integers(-256, 256).map(lambda i: i / 64)


def clouds():
    def pair(d):
        return st.tuples(
            *(
                hnp.arrays(np.float64, st.tuples(st.integers(1, 9), st.just(d)), elements=grid)
                for _ in range(2)
            )
        )

    return st.sampled_from([1, 2, 3]).flatmap(pair).map(lambda arrays: tuple(map(torch.from_numpy, arrays)))


conventions = st.sampled_from(CONVENTIONS)


def convention_id(options):
    return "-".join(str(value) for value in options.values())


@pytest.mark.parametrize("options", CONVENTIONS, ids=convention_id)
@pytest.mark.parametrize("backend", ENGINES)
def test_matches_the_double_loop(options, backend):
    x, y = X(19), Y(26)
    a, b = nearest_distances(x, y), nearest_distances(y, x)
    if options["squared"]:
        a, b = a**2, b**2
    reduce = np.mean if options["reduction"] == "mean" else np.sum
    expected = COMBINE[options["combine"]](reduce(a), reduce(b))
    value = chamfer(torch.from_numpy(x), torch.from_numpy(y), **options, backend=backend)
    assert value.shape == ()
    assert value.item() == pytest.approx(expected, rel=1e-12)


@given(clouds(), conventions)
def test_symmetric_with_directions_swapped(pair, options):
    x, y = pair
    swap = {"forward": "backward", "backward": "forward"}
    other = options | {"combine": swap.get(options["combine"], options["combine"])}
    torch.testing.assert_close(chamfer(x, y, **options), chamfer(y, x, **other), rtol=1e-12, atol=0)


@given(clouds(), conventions)
def test_zero_on_itself_and_positive_on_others(pair, options):
    x, y = pair
    assert chamfer(x, x, **options).item() == 0
    same = {tuple(p) for p in x.tolist()} == {tuple(p) for p in y.tolist()}
    if options["combine"] in ("sum", "mean", "max"):
        assert (chamfer(x, y, **options).item() == 0) == same
    assert chamfer(x, y, **options).item() >= 0


@given(clouds(), conventions, st.randoms(use_true_random=False))
def test_order_of_points_does_not_matter(pair, options, random):
    x, y = pair
    shuffled = x[torch.tensor(random.sample(range(len(x)), len(x)))]
    torch.testing.assert_close(chamfer(shuffled, y, **options), chamfer(x, y, **options), rtol=1e-12, atol=0)


@given(clouds(), conventions, st.integers(-512, 512).map(lambda i: i / 64))
def test_translation_changes_nothing(pair, options, shift):
    x, y = pair
    torch.testing.assert_close(
        chamfer(x + shift, y + shift, **options), chamfer(x, y, **options), rtol=1e-12, atol=0
    )


@given(clouds(), conventions, st.sampled_from([0.25, 2.0, 1024.0]))
def test_scales_as_length_or_its_square(pair, options, scale):
    x, y = pair
    power = scale**2 if options["squared"] else scale
    torch.testing.assert_close(
        chamfer(scale * x, scale * y, **options), power * chamfer(x, y, **options), rtol=1e-12, atol=0
    )


@given(clouds(), conventions)
def test_a_subset_is_at_distance_zero_one_way(pair, options):
    x, y = pair
    both = torch.cat((x, y))
    for side, other in (("forward", (x, both)), ("backward", (both, x))):
        assert chamfer(*other, **(options | {"combine": side})).item() == 0


@given(clouds(), conventions)
def test_more_targets_never_farther(pair, options):
    x, y = pair
    one_way = options | {"combine": "forward"}
    assert chamfer(x, torch.cat((y, x[:1])), **one_way) <= chamfer(x, y, **one_way)


@given(clouds(), conventions)
def test_engines_agree(pair, options):
    tree, dense = (chamfer(*pair, **options, backend=name) for name in ENGINES)
    torch.testing.assert_close(tree, dense, rtol=1e-12, atol=0)


@pytest.mark.parametrize("options", CONVENTIONS, ids=convention_id)
@pytest.mark.parametrize("backend", ENGINES)
def test_a_batch_is_a_loop_in_value_and_gradient(options, backend):
    x = torch.from_numpy(np.stack([X(21), Y(21), 0.3 * X(21)])).requires_grad_()
    y = torch.from_numpy(np.stack([Y(13), 2 * X(13), Y(13)])).requires_grad_()
    weights = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    batch = chamfer(x, y, **options, backend=backend)
    loop = torch.stack([chamfer(a, b, **options, backend=backend) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(batch, loop, rtol=1e-14, atol=0)
    for a, b in zip(*(torch.autograd.grad((v * weights).sum(), (x, y)) for v in (batch, loop)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("options", CONVENTIONS, ids=convention_id)
@pytest.mark.parametrize("shape", [(7, 3), (2, 7, 3)])
def test_gradient_and_second_derivative(options, shape):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, generator=generator, requires_grad=True)
    y = torch.randn((*shape[:-2], 5, 3), dtype=torch.float64, generator=generator, requires_grad=True)

    def value(a, b):
        return chamfer(a, b, **options)

    assert gradcheck(value, (x, y))
    assert gradgradcheck(value, (x, y))


def test_gradient_at_coincident_points():
    # Inside a squared distance the gradient of a met point is 0 and smooth; finite differences agree.
    x = torch.tensor([[0.0, 0.0], [2.0, 1.0]], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[0.0, 0.0], [2.5, 1.0]], dtype=torch.float64, requires_grad=True)
    assert gradcheck(chamfer, (x, y))
    chamfer(x, y).backward()
    assert x.grad[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("combine", COMBINE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lengths_have_a_zero_subgradient_where_points_meet(combine, dtype):
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=dtype, requires_grad=True)
    y = torch.tensor([[0.0, 0.0], [1.0, 0.5]], dtype=dtype, requires_grad=True)
    chamfer(x, y, squared=False, combine=combine).backward()
    for grad in (x.grad, y.grad):
        assert grad.isfinite().all()
        assert grad[0].tolist() == [0.0, 0.0]
        assert grad[1].abs().sum() > 0


def test_the_same_tensor_twice_and_detached_targets():
    x = torch.from_numpy(X(30)).requires_grad_()
    chamfer(x, x).backward()
    assert torch.equal(x.grad, torch.zeros_like(x))
    y = torch.from_numpy(Y(20))
    (only_x,) = torch.autograd.grad(chamfer(x, y), x)
    both, _ = torch.autograd.grad(chamfer(x, y.requires_grad_()), (x, y))
    assert torch.equal(only_x, both)


@pytest.mark.parametrize("backend", ENGINES)
def test_hard_inputs(backend):
    one = torch.zeros(1, 3, dtype=torch.float64)
    assert chamfer(one, one + 1, backend=backend).item() == 6
    same = torch.full((2_500, 3), 0.5)
    assert chamfer(same, same[:7], backend=backend).item() == 0
    huge = torch.tensor([[1e20, 0.0], [-1e20, 0.0]], dtype=torch.float64)
    assert chamfer(huge, huge + 1e18, backend=backend).item() == pytest.approx(4e36, rel=1e-12)
    with pytest.raises(ValueError, match="overflow float32"):
        chamfer(huge.float(), huge.float(), backend=backend)


def test_large_clouds_agree_with_dense_in_value_and_gradient():
    # Large enough for the tree to be built along the space-filling curve.
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3_000, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    y = torch.randn(2_000, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    results = [(v := chamfer(x, y, backend=name), *torch.autograd.grad(v, (x, y))) for name in ENGINES]
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.gpu
@pytest.mark.parametrize("options", CONVENTIONS, ids=convention_id)
def test_cuda_agrees_with_the_cpu(options):
    x, y = torch.from_numpy(X(300)), torch.from_numpy(Y(200))
    results = []
    for device in ("cpu", "cuda"):
        a, b = x.to(device).requires_grad_(), y.to(device).requires_grad_()
        value = chamfer(a, b, **options)
        results.append(
            [t.cpu() for t in (value.detach(), *torch.autograd.grad(value, (a, b), allow_unused=True))]
        )
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
