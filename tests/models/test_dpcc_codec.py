"""D-PCC as a codec uses it: a latent, what is decoded from it, in float64, of any cloud that is large enough."""

import pytest
import torch

from pcl_lib.models import DPCC
from pcl_lib.neighbors.building_blocks import one_thread
from tests.models.test_dpcc import cloud, network

BAD = pytest.mark.usefixtures("as_users_call_it")


def rounded(made, points):
    """What a decoder gets: the integers of both bottlenecks, turned into values again."""
    latent = made.latent(points)
    pairs = zip((made.coordinates.bottleneck, made.bottleneck), latent, strict=True)
    return [part.values(part.symbols(channels.mT[None]))[0].mT for part, channels in pairs]


@torch.no_grad()
def test_decoding_the_latent_is_the_forward_pass():
    made, points = network().eval(), cloud(120)
    torch.testing.assert_close(made.decode(*rounded(made, points)), made(points).stages[-1])
    assert made.training is False
    noisy = made.train()(points).coordinates
    assert not torch.equal(noisy, made(points).coordinates)


@torch.no_grad()
@pytest.mark.parametrize("n", [14, 15, 40, 41, 500])
def test_any_size(n):
    made = network().eval()
    latent = made.latent(cloud(n))
    assert latent.coordinates.shape == latent.features.shape == (round(round(round(n / 3) / 3) / 3), 4)
    decoded = made.decode(*rounded(made, cloud(n)))
    assert len(latent.features) <= len(decoded) <= 4**3 * len(latent.features)
    assert torch.isfinite(decoded).all()


@torch.no_grad()
def test_float64_on_one_thread_is_the_same_every_time():
    made, points = network().eval().double(), cloud(300).double()
    with one_thread():
        given = rounded(made, points)
        first = made.decode(*given)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with one_thread():
            again = made.decode(*given)
    finally:
        torch.set_num_threads(threads)
    assert first.dtype == torch.float64
    assert torch.equal(first, again)


@torch.no_grad()
def test_float64_makes_the_cloud_of_float32():
    made, points = network().eval(), cloud(200)
    single = made(points)
    double = made.double()(points.double())
    assert [len(s) for s in double.stages] == [len(s) for s in single.stages]
    torch.testing.assert_close(double.stages[-1].float(), single.stages[-1], rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_the_order_of_the_points_but_the_first():
    made, points = network().eval(), cloud(200)
    turned = torch.cat((points[:1], points[1:].flip(0)))
    torch.testing.assert_close(made.latent(turned).coordinates, made.latent(points).coordinates)
    torch.testing.assert_close(
        made.latent(turned).features, made.latent(points).features, rtol=1e-4, atol=1e-5
    )


@torch.no_grad()
@pytest.mark.parametrize("points", [torch.zeros(60, 3), cloud(20).repeat(5, 1)], ids=["equal", "five copies"])
def test_copies(points):
    output = network()(points)
    assert all(torch.isfinite(part).all() for level in output.levels for part in level)
    assert all(torch.isfinite(stage).all() for stage in output.stages)
    assert [level.counts.sum() for level in output.levels] == [len(level.points) for level in output.levels]


def test_gradients_reach_all_weights_but_the_quantiles():
    made = network(normals=True)
    output = made(torch.rand(200, 6))
    terms = [*output.stages, *output.counts, *output.mean_distances, output.normals, *output.likelihoods]
    sum(term.square().sum() for term in terms).backward()
    still = [key for key, p in made.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    # A number that is added to all weights of a softmax changes none of them.
    assert [key for key in still if "weigh.second.bias" not in key] == [
        "bottleneck.quantiles",
        "coordinates.bottleneck.quantiles",
    ]
    made.zero_grad()
    made.auxiliary().backward()
    reached = [p for p in made.parameters() if p.grad is not None and p.grad.abs().max() > 0]
    assert {id(p) for p in reached} == {id(p) for p in made.quantiles()}


def test_normals_by_option():
    made = network(normals=True).eval()
    points = torch.cat((cloud(80), torch.nn.functional.normalize(cloud(80, 1), dim=1)), 1)
    output = made(points)
    assert output.normals.shape == output.stages[-1].shape
    assert output.normals.abs().max() < 1
    assert torch.equal(output.true_normals, points[:, 3:])
    assert made.decode(*rounded(made, points)).shape[1] == 6
    assert network()(cloud(80)).normals is None


@BAD
@pytest.mark.parametrize(
    ("points", "message"),
    [
        (cloud(0), "x is empty"),
        (cloud(13), "points must be at least 14, so that a latent point is left, received 13; send"),
        (cloud(40)[None], r"points must be one cloud \(N, 3\), received shape \(1, 40, 3\)"),
        (cloud(40).log(), "x must be finite, received nan"),
        (torch.rand(40, 6), r"D = 3 in its last axis"),
        (cloud(40).double(), "the dtype of the network, float32, received float64"),
        ([0.0], "received list"),
    ],
    ids=["empty", "few", "batch", "nan", "normals that do not fit", "double", "list"],
)
def test_bad_clouds(points, message):
    for call in (network(), network().latent):
        with pytest.raises(ValueError, match=message):
            call(points)


@BAD
def test_bad_latents():
    made, good = network(), torch.zeros(5, 4)
    for pair, message in [
        ((good[:, :3], good), r"latent codes \(B, 4\), received shape \(5, 3\)"),
        ((good, good[:4]), "of as many latent points, received 5 and 4"),
        ((good, good / 0), "code must be finite, received 20 entries"),
        ((good[:0], good[:0]), r"received shape \(0, 4\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            made.decode(*pair)


@BAD
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 6}, "width must be a multiple of candidates, .* received width 6 and candidates 4"),
        ({"candidates": 0}, "candidates must be an integer of at least 1, received 0"),
        ({"k": 0}, "k must be an integer of at least 1, received 0"),
        ({"rates": ()}, "rates must hold the rate of at least one layer, received none"),
        ({"rates": (0.5, 1.5)}, "at most 1, received 1.5"),
        ({"rates": (0.0,)}, "rates must be positive and finite, received 0.0"),
        ({"embeddings": ("place",)}, "embeddings must be one of 'position', 'density', received 'place'"),
    ],
)
def test_bad_sizes(options, message):
    with pytest.raises(ValueError, match=message):
        network(**options)


def test_fewest_points_at_other_rates():
    for rates, fewest in [((0.5,), 2), ((1 / 3,), 2), ((1 / 3, 1 / 3, 1 / 3), 14), ((1.0, 1.0), 1)]:
        made = DPCC(4, 8, candidates=4, rates=rates)
        assert made.fewest == fewest
        assert len(made.latent(cloud(fewest)).features) >= 1
