"""Cubes of a cloud: none of its points is lost, and thinned ones are as uneven as their protocol says."""

import numpy as np
import pytest
import torch

from pcl_lib.data import UNEVEN, Patches, cut_cubes, dense_shape, synthetic, uneven, uneven_cubes


def ball(n, seed=0):
    return torch.rand(n, 3, generator=torch.Generator("cpu").manual_seed(seed), device="cpu") * 2 - 1


def rng(seed=0):
    return np.random.default_rng(seed)


def test_every_point_is_in_one_cube_and_comes_back():
    x = ball(2000) * torch.tensor([1.0, 0.5, 0.1]) + 7
    cubes = cut_cubes(x)
    assert torch.cat(cubes.rows).sort().values.tolist() == list(range(2000))
    assert all(part.abs().max() <= 1 for part in cubes.points)
    moved = x - x.mean(0)
    low, high = moved.min(), moved.max()
    for part, row, cell in zip(cubes.points, cubes.rows, cubes.cells, strict=True):
        back = ((part + 1) / 2 + cell) * 22 * (high - low) / 100 + low
        torch.testing.assert_close(back, moved[row], rtol=1e-4, atol=1e-5)


def test_cells_of_an_edge_that_divides_the_side():
    x = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 1]])
    x = x - x.mean(0)  # 0..100 is then of all axes together
    cells = cut_cubes(x, edge=25.0).cells
    assert cells.max() <= 3
    assert cut_cubes(x, edge=100.0).cells.tolist() == [[0, 0, 0]]


def shares(protocol, seed):
    """The share of points that stay in ten slices along the longest axis."""
    x = ball(40_000) * torch.tensor([0.5, 1.0, 0.5])
    left = uneven(x, protocol, rng=rng(seed))
    slices = [torch.histc(part[:, 1], 10, -1, 1) for part in (left, x)]
    found = (slices[0] / slices[1]).numpy()
    return found if found[0] < found[-1] else found[::-1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_shares_by_protocol(seed):
    np.testing.assert_allclose(shares("half", seed), [0.1] * 5 + [1.0] * 5, atol=0.03)
    np.testing.assert_allclose(shares("gradient", seed), 0.1 + 0.9 * np.linspace(0.05, 0.95, 10), atol=0.03)
    np.testing.assert_allclose(shares("even", seed), np.ones(10))


def test_the_far_half_is_thinned():
    x = ball(20_000)
    left = uneven(x, "far", rng=rng())
    assert len(left) / len(x) == pytest.approx(0.55, abs=0.01)
    kept = torch.isin(x[:, 0], left[:, 0])
    drawn = rng()
    drawn.random()
    middle = x[drawn.integers(len(x))]
    distance = (x - middle).norm(dim=1)
    near = distance <= distance.median()
    assert kept[near].float().mean() > 0.999
    assert kept[~near].float().mean().item() == pytest.approx(0.1, abs=0.01)


def test_both_ends_are_thinned_by_turns():
    x = ball(2000) * torch.tensor([1.0, 0.1, 0.1])
    means = [uneven(x, "half", rng=rng(seed))[:, 0].mean() for seed in range(8)]
    assert min(means) < -0.2
    assert max(means) > 0.2


def test_a_cube_keeps_a_point():
    assert all(len(uneven(ball(1), protocol, rng=rng(s))) == 1 for protocol in UNEVEN for s in range(20))


def test_cubes_for_training():
    clouds = [synthetic.sample(family, 20_000, seed=1).points for family in ("chair", "mug")]
    made = uneven_cubes(clouds, seed=3, fewest=200, most=500)
    sizes = [len(patch) for patch in made]
    assert min(sizes) >= 200
    assert max(sizes) == 500
    again = uneven_cubes(clouds, seed=3, fewest=200, most=500)
    assert all(torch.equal(a, b) for a, b in zip(made, again, strict=True))
    first = uneven_cubes(clouds[:1], seed=3, fewest=200, most=500)
    assert all(torch.equal(a, b) for a, b in zip(first, made, strict=False))
    other = uneven_cubes(clouds, seed=4, fewest=200, most=500)
    assert [len(patch) for patch in other] != sizes
    even = uneven_cubes(clouds, seed=3, protocols=("even",), fewest=1, most=20_000)
    assert sum(map(len, even)) == 40_000


def test_patches_are_data_by_row():
    made = Patches([ball(5), ball(6), ball(7)])
    assert [len(cloud) for cloud in made[torch.tensor([2, 0])]] == [7, 5]
    assert len(made[1]) == 6
    assert len(made[1:]) == 2


def test_dense_shapes():
    area, vertices = (dense_shape("table", 6000, seed=2, by=by) for by in ("area", "vertices"))
    assert area.shape == vertices.shape == (6000, 3)
    assert torch.equal(area, synthetic.sample("table", 6000, seed=2).points)
    assert len(vertices.unique(dim=0)) > 5900
    assert torch.equal(vertices, dense_shape("table", 6000, seed=2, by="vertices"))


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cut_cubes(ball(0)), "points is empty"),
        (lambda: cut_cubes(ball(5)[None]), r"points must be one cloud \(N, 3\), received shape \(1, 5, 3\)"),
        (lambda: cut_cubes(ball(5).log()), "points must be finite"),
        (
            lambda: cut_cubes(torch.ones(5, 3)),
            "points must differ in some coordinate, received 5 in one place",
        ),
        (lambda: cut_cubes(ball(5), edge=0.0), "edge must be a positive, finite length, received 0.0"),
        (lambda: cut_cubes(ball(5), edge=101.0), "edge must be at most 100, .* received 101.0"),
        (lambda: uneven(ball(5), "thin", rng=rng()), "protocol must be one of 'half', .* received 'thin'"),
        (lambda: uneven_cubes([ball(50)], seed=0), "a cube of at least 1024 points, received none"),
        (lambda: uneven_cubes([ball(50)], seed=-1), "seed must be an integer of at least 0"),
        (lambda: uneven_cubes([ball(50)], seed=0, most=9), "most must be an integer of at least 1024"),
        (lambda: Patches([]), "clouds must hold at least one cloud, received none"),
        (lambda: dense_shape("mug", 9, seed=0, by="edges"), "by must be one of 'area', 'vertices'"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
