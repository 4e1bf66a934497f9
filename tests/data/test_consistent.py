"""Data sets of one surface: three ways of places and orders, and one frame for the whole set."""

import numpy as np
import pytest
import torch
import trimesh

from pcl_lib.data import Cloud, ReadError, as_consistent, consistent_clouds, face_model, figures, ict_faces

SHAPES, POINTS = 4, 300


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A model of faces with the layout of the real one: a head-sized ball and five modes, one of which is size."""
    folder = tmp_path_factory.mktemp("data")
    ball = trimesh.creation.icosphere(2, radius=10.0)
    modes = 0.3 * np.random.default_rng(0).normal(size=(5, *ball.vertices.shape))
    modes[0] = 0.2 * ball.vertices
    (folder / "faces").mkdir()
    np.savez(folder / "faces" / "ict_modes.npz", neutral=ball.vertices, modes=modes, tri=ball.faces)
    return folder


@pytest.fixture(params=["faces", "figures"])
def make(request, root):
    """consistent_clouds of one of its two surfaces."""
    return lambda mode, seed=0, points=POINTS, **options: consistent_clouds(
        request.param, SHAPES, points, mode=mode, seed=seed, root=root, **options
    )


def in_order(found):
    """The clouds with the row of place 0 first."""
    return found.clouds.gather(1, found.places.argsort(1)[..., None].expand(-1, -1, 3))


def one_sided(a, b):
    return torch.cdist(a, b).amin(-1).mean()


def test_shared_rows_are_the_same_places(make):
    found = make("shared")
    assert found.clouds.shape == (SHAPES, POINTS, 3)
    assert found.clouds.dtype == torch.float32
    assert torch.equal(found.places, torch.arange(POINTS).expand(SHAPES, -1))


def test_each_cloud_of_a_shuffled_set_has_an_order_of_its_own(make):
    """With the order of the places kept, a random assignment would be the true one, and "learns"."""
    found = make("shuffled")
    assert torch.equal(found.places.sort(1).values, torch.arange(POINTS).expand(SHAPES, -1))
    orders = torch.cat((found.places, torch.arange(POINTS)[None]))
    for a in range(len(orders)):
        for b in range(a):
            assert (orders[a] == orders[b]).float().mean() < 0.03, "about one row in 300 by chance"
    shared = make("shared")
    assert torch.equal(in_order(found), shared.clouds)
    # Rows of two clouds are as far apart as any two points; places are not.
    rows = (found.clouds[0] - found.clouds[1]).norm(dim=-1).mean()
    places = (shared.clouds[0] - shared.clouds[1]).norm(dim=-1).mean()
    assert rows > 0.8 * torch.cdist(shared.clouds[0], shared.clouds[1]).mean()
    assert rows > 1.5 * places


def test_independent_clouds_have_places_of_their_own(make):
    found, shared = make("independent"), make("shared")
    assert found.places is None
    for k in range(SHAPES):
        assert torch.cdist(found.clouds[k], shared.clouds[k]).min() > 0, "no point in common"
        # Of the same surface all the same: as near as two samples of it, and less near than another shape of the set.
        apart = one_sided(found.clouds[k], shared.clouds[k])
        assert apart < 0.2
        assert apart == min(one_sided(found.clouds[k], other) for other in shared.clouds)


@pytest.mark.parametrize("mode", ["shared", "shuffled", "independent"])
def test_another_seed_is_another_sample_of_the_same_shapes_in_the_same_frame(make, mode):
    found, again, other = make(mode), make(mode), make(mode, seed=1)
    assert torch.equal(found.clouds, again.clouds)
    assert torch.equal(found.centre, other.centre)
    assert found.scale == other.scale
    for k in range(SHAPES):
        assert torch.cdist(found.clouds[k], other.clouds[k]).min() > 0
        own = one_sided(found.clouds[k], other.clouds[k])
        assert own == min(one_sided(found.clouds[k], shape) for shape in other.clouds)


def test_another_family_has_other_shapes(make):
    found, other = make("shared"), make("shared", family=1)
    assert (found.restore(found.clouds) - other.restore(other.clouds)).abs().max() > 1e-2


def test_a_longer_cloud_begins_with_the_shorter(make):
    short, long = make("shared", points=100), make("shared", points=200)
    assert torch.equal(long.clouds[:, :100], short.clouds)


@pytest.mark.parametrize("mode", ["shared", "shuffled", "independent"])
def test_one_frame_for_the_whole_set(make, mode):
    """Scaled by itself each cloud would fill the box: sizes would be gone, and what a file gives back be wrong."""
    found = make(mode, points=3000)
    assert 0.9 < found.clouds.abs().max() <= 1
    sizes = (found.clouds.amax(1) - found.clouds.amin(1)).amax(1)
    assert sizes.max() / sizes.min() > 1.03
    original = found.restore(found.clouds)
    for k in range(SHAPES):
        expected = found.clouds[k].double() * found.scale + found.centre
        torch.testing.assert_close(original[k].double(), expected, rtol=1e-6, atol=1e-6)


def test_faces_are_those_of_the_model_in_centimetres(root):
    found = consistent_clouds("faces", SHAPES, POINTS, mode="shared", root=root)
    expected = torch.stack([cloud.points for cloud in ict_faces(SHAPES, POINTS, root=root, seed=0)])
    torch.testing.assert_close(found.restore(found.clouds), expected, rtol=1e-5, atol=1e-4)
    model = face_model(root)
    inside = consistent_clouds("faces", 1, POINTS, mode="independent", root=root)
    assert inside.restore(inside.clouds).norm(dim=-1).min() > 0.3 * np.linalg.norm(model.neutral[0])


def test_figures_are_those_of_the_family():
    found = consistent_clouds("figures", 2, 4000, mode="independent", family=3)
    expected = torch.stack([cloud.points for cloud in figures.figures(2, 4000, seed=3)])
    for k in range(2):
        assert one_sided(found.restore(found.clouds)[k], expected[k]) < 0.03


GIVEN = torch.rand(3, 50, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 7 + 100


def test_clouds_that_are_given_keep_their_rows_and_their_frame():
    found = as_consistent([Cloud(points=GIVEN[0]), GIVEN[1], GIVEN[2]])
    assert found.clouds.dtype == torch.float32
    assert found.clouds.abs().max() == 1
    torch.testing.assert_close(found.restore(found.clouds.double()), GIVEN, rtol=0, atol=1e-5)
    dealt = as_consistent(list(GIVEN), mode="shuffled", seed=2)
    assert torch.equal(in_order(dealt), found.clouds)
    assert (dealt.places == torch.arange(50)).float().mean() < 0.2
    assert not torch.equal(dealt.places, as_consistent(list(GIVEN), mode="shuffled", seed=3).places)


def spoilt():
    clouds = GIVEN.clone()
    clouds[1, 7, 0] = torch.nan
    return [Cloud(points=GIVEN[0]), Cloud(points=clouds[1], name="scan 17"), GIVEN[2]]


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: consistent_clouds("cars", 2, 9), "name must be one of 'faces', 'figures', received 'cars'"),
        (lambda: consistent_clouds("figures", 2, 9, mode="any"), "mode must be one of 'shared', 'shuffled', 'ind"),
        (lambda: consistent_clouds("figures", 0, 9), "shapes must be an integer of at least 1, received 0"),
        (lambda: consistent_clouds("figures", 2, 0), "points must be an integer of at least 1, received 0"),
        (lambda: consistent_clouds("figures", 2, 9, seed=-1), "seed must be an integer of at least 0, received -1"),
        (lambda: consistent_clouds("figures", 2, 9, family=-1), "family must be an integer of at least 0"),
        (lambda: as_consistent([]), "clouds must hold at least one cloud, received none"),
        (lambda: as_consistent(list(GIVEN), mode="independent"), "mode must be one of 'shared', 'shuffled', rec"),
        (
            lambda: as_consistent([GIVEN[0], GIVEN[1][:49]]),
            r"one size, received cloud 1 of 49 points and cloud 0 of 50; draw as many .* registered_meshes",
        ),
        (lambda: as_consistent(spoilt()), r"finite, received cloud 1 \('scan 17'\) with 1 points that are not"),
        (lambda: as_consistent([GIVEN[0].T]), r"clouds must be \(N, 3\), received cloud 0 of shape \(3, 50\)"),
        (lambda: as_consistent([torch.ones(5, 3)]), "positive extent, received points that all lie at"),
    ],
)  # fmt: skip
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_without_the_file_of_the_faces(tmp_path):
    with pytest.raises(ReadError, match=r"ict_modes\.npz"):
        consistent_clouds("faces", 2, 9, root=tmp_path)
