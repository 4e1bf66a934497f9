import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pcl_lib.data import Cloud, CompletionPair, as_pairs, crop_pairs, stack, synthetic, view_pairs, views
from pcl_lib.neighbors import farthest_points


def shapes(count=3, n=128, family="chair"):
    return stack([synthetic.sample(family, n, seed=i) for i in range(count)])


def rows(cloud):
    return {tuple(p) for p in cloud.tolist()}


def distinct(cloud):
    return len(rows(cloud))


MAKERS = {
    "views": view_pairs,
    **{d: (lambda x, d=d, **o: crop_pairs(x, difficulty=d, **o)) for d in ("simple", "moderate", "hard", "random")},
}  # fmt: skip
every_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


@pytest.mark.slow
@every_maker
@settings(max_examples=8)
@given(
    seed=st.integers(0, 1000), count=st.integers(1, 3), seen=st.integers(1, 8), n_partial=st.integers(1, 160),
    n_complete=st.integers(1, 128),
)  # fmt: skip
def test_pairs_are_subsets_of_their_shapes_in_farthest_point_order(
    make, seed, count, seen, n_partial, n_complete
):
    x = shapes(count)
    pairs = make(x, views=seen, n_partial=n_partial, n_complete=n_complete, seed=seed)
    assert pairs.partial.shape == (count * seen, n_partial, 3)
    assert pairs.complete.shape == (count * seen, n_complete, 3)
    assert pairs.shape.tolist() == [t for t in range(count) for _ in range(seen)]
    for partial, complete, t in zip(*pairs, strict=True):
        assert rows(partial) <= rows(x[t])
        assert torch.equal(complete, x[t][farthest_points(x[t], n_complete)])


def test_every_prefix_of_a_complete_cloud_is_its_farthest_point_subset():
    complete = view_pairs(shapes(), views=1, n_partial=8).complete
    for n in (1, 5, 64, 128):
        assert farthest_points(complete, n).tolist() == [list(range(n))] * 3
    assert rows(complete[1]) == rows(shapes()[1])


@every_maker
def test_points_repeat_only_where_too_few_are_left(make):
    x = shapes(n=200)
    few, many = make(x, n_partial=20, seed=2), make(x, n_partial=400, seed=2)
    assert all(distinct(p) == 20 for p in few.partial)
    assert all(distinct(p) < 200 for p in many.partial)  # in each of them something is out of sight
    for a, b in zip(few.partial, many.partial, strict=True):
        assert rows(a) <= rows(b)  # with room for all, all that are left


@every_maker
def test_a_seed_gives_the_same_pairs_and_shapes_do_not_disturb_each_other(make):
    x = shapes()
    one, two, other = (make(x, n_partial=32, seed=s) for s in (5, 5, 6))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    alone = make(x[:1], n_partial=32, seed=5)
    assert torch.equal(alone.partial, one.partial[one.shape == 0])
    drawn = make in (MAKERS["views"], MAKERS["random"])
    assert torch.equal(one.partial, other.partial) != drawn


def test_views_are_those_of_eight_views():
    """With room for all points, a partial cloud holds exactly what one of eight viewpoints sees."""
    x = shapes(1, 300, "mug")
    partial = view_pairs(x, n_partial=300, seed=3).partial
    seeds = torch.randint(2**31, (), generator=torch.Generator().manual_seed(3_000_000))
    seen = views.eight_views(x[0], seed=int(seeds))
    assert [rows(p) for p in partial] == [rows(x[0][index]) for index in seen]
    assert len({frozenset(rows(p)) for p in partial}) == 8
    assert rows(view_pairs(x, views=1, n_partial=300, seed=3).partial[0]) == rows(partial[0])


@pytest.mark.parametrize(("difficulty", "cut"), [("simple", 50), ("moderate", 100), ("hard", 150)])
def test_the_share_nearest_to_each_fixed_viewpoint_is_cut_off(difficulty, cut):
    x = shapes(2, 200)
    pairs = crop_pairs(x, difficulty=difficulty, n_partial=200)
    for row, (partial, t) in enumerate(zip(pairs.partial, pairs.shape, strict=True)):
        left, eye = rows(partial), torch.tensor(views.VIEWPOINTS[row % 8], dtype=torch.float32)
        assert len(left) == 200 - cut
        stays = torch.tensor([tuple(p) in left for p in x[t].tolist()])
        away = (x[t] - eye).norm(dim=-1)
        assert away[~stays].max() <= away[stays].min()


def test_enough_points_are_thinned_evenly():
    x = shapes(1, 512)
    thin = crop_pairs(x, difficulty="simple", views=1, n_partial=64).partial[0]
    left = views.crop(x[0], fraction=0.25, viewpoint=0, n_partial=None).partial
    assert torch.equal(thin, left[farthest_points(left, 64)])


@pytest.mark.slow
def test_random_crops_draw_shares_and_directions_evenly():
    half = torch.randn(128, 3, generator=torch.Generator().manual_seed(0))
    ball = torch.nn.functional.normalize(
        torch.cat([half, -half]), dim=-1
    )  # no side is denser than its opposite
    x = ball.expand(60, -1, -1)
    partial = crop_pairs(x, n_partial=256, seed=1).partial
    gone = torch.tensor([256 - distinct(p) for p in partial])
    assert gone.min() >= 64
    assert gone.max() < 192
    # 480 shares uniform on 64 to 192: mean 128, standard deviation 37, so 1.7 for the mean
    assert float(gone.float().mean()) == pytest.approx(128, abs=6)
    assert float(gone.float().std()) == pytest.approx(37, abs=4)
    whole = rows(ball)
    middle = torch.stack([torch.tensor(sorted(whole - rows(p))).mean(0) for p in partial])
    ways = torch.nn.functional.normalize(middle, dim=-1)
    assert float(ways.mean(0).norm()) < 0.12  # of 480 uniform directions: 0.046 expected
    assert (ways.T @ ways / len(ways)).diagonal().numpy() == pytest.approx([1 / 3] * 3, abs=0.06)


def test_pairs_from_what_a_reader_returns():
    clouds = [Cloud(points) for points in shapes(2, 50)]
    parts = [Cloud(clouds[i].points[:n]) for i, n in ((0, 20), (1, 30), (0, 9))]
    read = [
        CompletionPair(parts[0], clouds[0]),
        CompletionPair(parts[1], clouds[1]),
        CompletionPair(parts[2], clouds[0]),
    ]
    pairs = as_pairs(read, n_partial=25, n_complete=40, seed=1)
    assert pairs.shape.tolist() == [0, 1, 0]
    assert [distinct(p) for p in pairs.partial] == [20, 25, 9]
    for partial, complete, part, t in zip(pairs.partial, pairs.complete, parts, pairs.shape, strict=True):
        assert rows(partial) <= rows(part.points)
        x = clouds[int(t)].points
        assert torch.equal(complete, x[farthest_points(x, 40)])
    assert torch.equal(as_pairs(read, n_partial=25, seed=1).partial, pairs.partial)
    same = as_pairs([read[0], read[0]])
    assert torch.equal(same.partial[1], parts[0].points)


def test_progress_is_shown_when_asked_for(capsys):
    for make in MAKERS.values():
        make(shapes(2), n_partial=8)
        assert capsys.readouterr().err == ""
        make(shapes(2), n_partial=8, progress=True)
        assert "2/2" in capsys.readouterr().err or make in (
            MAKERS["simple"],
            MAKERS["moderate"],
            MAKERS["hard"],
        )


@pytest.mark.usefixtures("as_users_call_it")
def test_errors_at_the_door():
    x = shapes(2, 64)
    for make in MAKERS.values():
        cases = [
            ((x[0],), {}, r"complete must be a batch of clouds \(T, N, 3\), received \(64, 3\); .*complete\[None\]"),
            ((x[..., :2],), {}, "complete must have D = 3"),
            ((x.half(),), {}, "complete must be float32 or float64"),
            ((x * torch.nan,), {}, "complete must be finite"),
            ((x,), {"views": 0}, "views must be an integer from 1 to 8 views of each shape, received 0"),
            ((x,), {"views": 9}, "received 9"),
            ((x,), {"n_partial": 0}, "n_partial must be an integer of at least 1, received 0"),
            ((x,), {"n_complete": 65}, "n_complete must be .* from 1 to the 64 points of complete .* received 65"),
            ((x,), {"n_complete": 0}, "n_complete must be .* received 0"),
            ((x,), {"seed": -1}, "seed must be an integer of at least 0, received -1"),
        ]  # fmt: skip
        for given_, options, message in cases:
            with pytest.raises(ValueError, match=message):
                make(*given_, **{"n_partial": 8, **options})
    with pytest.raises(ValueError, match="one of 'simple', 'moderate', 'hard', 'random', received 'easy'"):
        crop_pairs(x, difficulty="easy")
    with pytest.raises(ValueError, match="at least 4 points, to cut a quarter off"):
        crop_pairs(x[:, :3])
    whole = Cloud(x[0])
    with pytest.raises(ValueError, match="completions must hold at least one pair, received an empty list"):
        as_pairs([])
    with pytest.raises(
        ValueError, match=r"clouds must be of one size, received 9 to 64 points; pass n_points"
    ):
        as_pairs([CompletionPair(whole, whole), CompletionPair(Cloud(x[0, :9]), whole)])
    with pytest.raises(ValueError, match="n_complete must be an integer from 1 to the 64 points"):
        as_pairs([CompletionPair(whole, whole)], n_complete=65)
    flat = Cloud(torch.rand(6, 2))
    with pytest.raises(ValueError, match="partial must have D = 3"):
        as_pairs([CompletionPair(flat, flat)])
