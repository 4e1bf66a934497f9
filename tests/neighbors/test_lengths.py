"""Clouds of different sizes in one batch: each pair as if alone, whatever the padding holds."""

import math

import pytest
import torch

from pcl_lib.neighbors import knn, nearest, nearest_each_way, pad_clouds, radius

SIZES_X, SIZES_Y = [5, 9, 1], [7, 2, 4]
ENGINES = ["kdtree", "dense"]


def clouds(sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, 3, dtype=torch.float64, generator=generator) for n in sizes]


XS, YS = clouds(SIZES_X, 0), clouds(SIZES_Y, 1)


def batch(parts, filling):
    padded, lengths = pad_clouds(parts)
    for row, n in zip(padded, lengths, strict=True):
        row[n:] = filling
    return padded, lengths


@pytest.mark.parametrize("filling", [0.0, math.nan, math.inf, 1e300])
@pytest.mark.parametrize("backend", ENGINES)
def test_nearest_is_that_of_each_pair_alone(backend, filling):
    (x, nx), (y, ny) = batch(XS, filling), batch(YS, filling)
    options = {"lengths_x": nx, "lengths_y": ny, "backend": backend}
    one_way = nearest(x, y, **options)
    ways = nearest_each_way(x, y, **options)
    assert one_way.backend == backend
    assert torch.equal(ways[0].index, one_way.index)
    for b, (own, other) in enumerate(zip(XS, YS, strict=True)):
        for found, alone in zip((one_way, ways[1]), (nearest(own, other), nearest(other, own)), strict=True):
            n = len(alone.index)
            torch.testing.assert_close(found.sq_dist[b, :n], alone.sq_dist, rtol=1e-12, atol=0)
            assert torch.equal(found.index[b, :n], alone.index)
            assert (found.index[b, n:] == -1).all()
            assert (found.sq_dist[b, n:] == math.inf).all()


@pytest.mark.parametrize("backend", ENGINES)
def test_knn_of_fewer_points_than_k_fills_up(backend):
    (x, nx), (y, ny) = batch(XS, math.nan), batch(YS, math.nan)
    found = knn(x, y, 4, lengths_x=nx, lengths_y=ny, backend=backend)
    assert found.index.shape == (3, 9, 4)
    for b, (own, other) in enumerate(zip(XS, YS, strict=True)):
        k = min(4, len(other))
        alone = knn(own, other, k)
        assert torch.equal(found.index[b, : len(own), :k], alone.index)
        torch.testing.assert_close(found.sq_dist[b, : len(own), :k], alone.sq_dist, rtol=1e-12, atol=0)
        rest = torch.ones(9, 4, dtype=torch.bool)
        rest[: len(own), :k] = False
        assert (found.index[b][rest] == -1).all()
        assert (found.sq_dist[b][rest] == math.inf).all()


@pytest.mark.parametrize("most", [None, 2])
def test_radius(most):
    (x, nx), (y, ny) = batch(XS, math.inf), batch(YS, 0.0)
    ball = radius(x, y, 1.5, max_neighbors=most, lengths_x=nx, lengths_y=ny)
    for b, (own, other) in enumerate(zip(XS, YS, strict=True)):
        alone = radius(own, other, 1.5, max_neighbors=most)
        n, k = alone.index.shape
        assert ball.count[b].tolist() == alone.count.tolist() + [0] * (9 - n)
        assert torch.equal(ball.index[b, :n, :k], alone.index)
        torch.testing.assert_close(ball.sq_dist[b, :n, :k], alone.sq_dist, rtol=1e-12, atol=0)
        assert (ball.index[b, n:] == -1).all()
        assert (ball.index[b, :, k:] == -1).all()


def test_gradient_is_that_of_each_pair_and_0_in_the_padding():
    (x, nx), (y, ny) = batch(XS, math.nan), batch(YS, math.nan)
    x.requires_grad_(), y.requires_grad_()
    found = knn(x, y, 2, lengths_x=nx, lengths_y=ny)
    found.sq_dist[found.index >= 0].sqrt().sum().backward()
    for b, pair in enumerate(zip(XS, YS, strict=True)):
        own, other = (cloud.clone().requires_grad_() for cloud in pair)
        knn(own, other, 2).sq_dist.sqrt().sum().backward()
        for whole, alone in ((x, own), (y, other)):
            torch.testing.assert_close(whole.grad[b, : len(alone)], alone.grad, rtol=1e-12, atol=1e-15)
            assert (whole.grad[b, len(alone) :] == 0).all()


def test_one_of_the_clouds_may_have_all_its_points():
    x, nx = batch(XS, math.nan)
    y = torch.stack([YS[0]] * 3)
    assert torch.equal(
        nearest(x, y, lengths_x=nx).index, nearest(x, y, lengths_x=nx.tolist(), lengths_y=[7] * 3).index
    )


def test_padding_makes_a_batch_through_which_gradients_pass():
    parts = [part.clone().requires_grad_() for part in XS]
    padded, lengths = pad_clouds(parts)
    assert padded.shape == (3, 9, 3)
    assert lengths.tolist() == SIZES_X
    padded.sum().backward()
    assert all((part.grad == 1).all() for part in parts)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([5, 9], r"one number for each of its 3 clouds, received 2"),
        ([5, 9, 0], r"each length of x must be an integer from 1 to 9, received 0"),
        ([5, 10, 1], r"from 1 to 9, received 10"),
        ([5, 9.0, 1], r"must be an integer .* received 9.0"),
        (torch.tensor([5.0, 9.0, 1.0]), r"must be an integer .* received 5.0"),
        (torch.tensor(5), r"one number for each of its 3 clouds"),
        (torch.tensor([[5, 9, 1]]), r"one number for each of its 3 clouds"),
    ],
)
def test_lengths_that_do_not_fit(lengths, message):
    x, y = batch(XS, 0.0)[0], batch(YS, 0.0)[0]
    with pytest.raises(ValueError, match=message):
        nearest(x, y, lengths_x=lengths)


@pytest.mark.usefixtures("as_users_call_it")
def test_messages():
    x, y = batch(XS, 0.0)[0], batch(YS, 0.0)[0]
    with pytest.raises(
        ValueError, match=r"x must be a batch \(B, N, D\) to have lengths, received shape \(9, 3\)"
    ):
        nearest(x[0], y[0], lengths_x=[3])
    with pytest.raises(ValueError, match=r"same batch size .* received 3 and 2"):
        nearest(x, y[:2], lengths_x=SIZES_X)
    with pytest.raises(ValueError, match="x must be finite, received nan") as caught:
        nearest(batch(XS, 0.0)[0].index_fill(2, torch.tensor([1]), math.nan), y, lengths_x=SIZES_X)
    assert caught.value.__notes__ == [
        "In pair 0 of the batch, of which only the points within its lengths count."
    ]
    with pytest.raises(ValueError, match="k must be an integer from 1 to 7"):
        knn(x, y, 8, lengths_x=SIZES_X)
    with pytest.raises(ValueError, match=r"list of at least one cloud .* received none"):
        pad_clouds([])
    with pytest.raises(ValueError, match=r"clouds\[1\] is empty"):
        pad_clouds([x[0], x[0, :0]])
    with pytest.raises(ValueError, match=r"clouds\[0\] must have shape \(N, D\), received \(3, 9, 3\)"):
        pad_clouds([x])
    with pytest.raises(ValueError, match="one dimension D, dtype and device"):
        pad_clouds([x[0], x[0].float()])


# torch says of its nested tensors that they may change; here one is only refused.
@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_a_nested_tensor_is_told_of_lengths(layout):
    nested = torch.nested.nested_tensor([part.clone() for part in XS], layout=layout)
    for options in ({}, {"lengths_x": SIZES_X}):
        with pytest.raises(ValueError, match="pad_clouds"):
            nearest(nested, nested, **options)
    padded, lengths = pad_clouds(nested.unbind())
    assert lengths.tolist() == SIZES_X
    assert (nearest(padded, padded, lengths_x=lengths, lengths_y=lengths).sq_dist[0, :5] == 0).all()
