"""D-PCC: its weights counted, its clusters, and what the release makes of known points."""

import json
from pathlib import Path

import pytest
import torch

from pcl_lib.models import DPCC, DensityDecoder, DensityEncoder, parameter_count
from pcl_lib.models._dpcc.clusters import clusters, mean_distances
from pcl_lib.models._dpcc.downsample import masked_softmax
from pcl_lib.models._dpcc.layers import TwoLayers, directions
from pcl_lib.models._dpcc.upsample import Upsample

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/dpcc.json").read_text())


def wave(n, shift=0.0):
    i = torch.arange(n, dtype=torch.float64)
    moved = torch.stack((torch.cos(5 * i), torch.sin(7 * i), torch.cos(11 * i)), 1)
    return torch.stack((torch.sin(i), torch.cos(2 * i), torch.sin(3 * i + 1)), 1) + shift * moved


def cloud(n, seed=0):
    return torch.rand(n, 3, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def network(**options):
    torch.manual_seed(0)
    return DPCC(**({"width": 4, "hidden": 8, "candidates": 4} | options))


def test_the_weights_of_the_release():
    made, wanted = DPCC(), GOLDEN["parameters"]
    assert parameter_count(made.start) == wanted["pre_conv"] == 904
    assert parameter_count(made.encoder) == parameter_count(DensityEncoder()) == wanted["encoder"] == 55_440
    assert [parameter_count(layer) for layer in made.encoder.layers] == 3 * [18_480]
    assert parameter_count(made.bottleneck) == wanted["bottleneck"] == 488
    assert [parameter_count(part) for part in made.coordinates.children()] == wanted["coordinates"]
    assert parameter_count(made) == wanted["all"] == 87_662


def test_all_candidates_share_heads_that_see_one_channel():
    """With all channels each, or heads of their own, the decoder would have another count."""
    assert parameter_count(DensityDecoder()) == GOLDEN["parameters"]["decoder"] == 28_539
    layer = Upsample(8, 64, candidates=8)
    assert parameter_count(layer) == 9_513
    assert {m.first.in_features for m in layer.split.modules() if isinstance(m, TwoLayers)} == {1}
    assert {m.first.in_features for m in layer.refine.modules() if isinstance(m, TwoLayers)} == {8}


@torch.no_grad()
def test_a_candidate_sees_its_channel_alone():
    torch.manual_seed(0)
    layer = Upsample(4, 8, candidates=4)
    layer.count.second.bias.fill_(50.0)  # all four stay
    features = torch.randn(1, 4)
    changed = features.clone()
    changed[0, 2] += 1
    places = [
        layer.split(f.reshape(4, 1), torch.zeros(4, 3), torch.zeros(4, 4))[0] for f in (features, changed)
    ]
    assert (places[0] != places[1]).any(1).tolist() == [False, False, True, False]
    assert len(layer(torch.zeros(1, 3), features)[0]) == 4


@torch.no_grad()
def test_the_first_round_of_the_count_stay():
    torch.manual_seed(0)
    layer, points, features = Upsample(8, 16, candidates=8), cloud(30), 3 * torch.randn(30, 8)
    born, _, counts = layer(points, features)
    kept = counts.round().long()
    assert kept.unique().numel() > 1
    assert len(born) == kept.sum()
    assert counts.gt(1).all()
    assert counts.lt(8).all()
    alone = [layer(points[i : i + 1], features[i : i + 1])[0] for i in range(30)]
    assert [len(one) for one in alone] == kept.tolist()
    torch.testing.assert_close(torch.cat(alone), born)


@pytest.mark.parametrize("k", [16, 4])
def test_density_of_a_down_sampling(k):
    points, kept = wave(60), torch.arange(0, 60, 4)
    found = clusters(points[kept], points, k, kept)
    wanted = GOLDEN["downsampling"][str(k)]
    assert found.counts.tolist() == wanted["downsample_num"]
    made = mean_distances(points[kept], points, found)
    expected = torch.tensor(wanted["mean_distance"], dtype=torch.float64)
    torch.testing.assert_close(made, expected, rtol=1e-9, atol=1e-12)


def test_mean_distances_at_the_decoder():
    parents, born = wave(15), wave(60, 0.1)
    counts = (3 + torch.sin(torch.arange(15, dtype=torch.float64))).requires_grad_()
    made = mean_distances(parents, born, clusters(parents, born, 16), counts)
    expected = torch.tensor(GOLDEN["upsampling"], dtype=torch.float64)
    torch.testing.assert_close(made, expected, rtol=1e-9, atol=1e-12)
    (gradient,) = torch.autograd.grad(made.sum(), counts)
    torch.testing.assert_close(gradient, (-made / counts).detach())


def test_directions():
    made, wanted = directions(), GOLDEN["directions"]
    assert len(made) == wanted["n"] == 43
    for row in (1, 20, 42):
        expected = torch.tensor(wanted[f"row{row}"], dtype=torch.float64)
        torch.testing.assert_close(made[row], expected, rtol=1e-9, atol=1e-12)
    mixed = torch.sin(0.7 * torch.arange(43, dtype=torch.float64)).softmax(0) @ made
    expected = torch.tensor(wanted["direction"], dtype=torch.float64)
    torch.testing.assert_close(mixed / mixed.norm(), expected, rtol=1e-9, atol=1e-12)
    assert made[0].abs().max() == 0
    torch.testing.assert_close(made[1:].norm(dim=1), torch.ones(42, dtype=torch.float64))


def test_weights_of_other_clusters_are_none():
    weights, own = torch.randn(5, 6, 2), torch.rand(5, 6) > 0.5
    own[:, 0], own[4] = True, False
    share = masked_softmax(weights, own)
    torch.testing.assert_close(share.sum(1), torch.ones(5, 2))
    assert share[:4][~own[:4]].abs().max() == 0
    torch.testing.assert_close(share[4], torch.full((6, 2), 1 / 6))


def test_a_norm_over_the_whole_cloud():
    torch.manual_seed(0)
    layers, x = TwoLayers(3, 64, 8), cloud(100)
    reference = torch.nn.GroupNorm(1, 64)
    h = layers.first(x)
    expected = layers.second(torch.relu(reference(h.T[None])[0].T))
    torch.testing.assert_close(layers(x), expected)


def test_the_number_of_neighbours_is_of_each_call():
    """In the release the first small cloud lowers it for good."""
    made, large = network().eval(), cloud(200)
    before = made(large).levels[0].mean_distances
    made(cloud(14))
    assert torch.equal(made(large).levels[0].mean_distances, before)
    assert made.k == 16


def test_counts_of_a_level_add_up():
    output = network()(cloud(300))
    sizes = [len(level.points) for level in output.levels] + [len(output.latent)]
    assert sizes == [300, 100, 33, 11]
    for level, left in zip(output.levels, sizes[1:], strict=True):
        assert level.counts.sum() == len(level.points)
        assert len(level.counts) == len(level.mean_distances) == left
    before = [len(output.latent), *map(len, output.stages[:-1])]
    assert [len(count) for count in output.counts] == before
    assert [len(distance) for distance in output.mean_distances] == before


@pytest.mark.parametrize("embeddings", [(), ("position",), ("density",), ("position", "density")])
def test_embeddings_by_option(embeddings):
    layer = DensityEncoder(embeddings=embeddings).layers[0]
    wanted = 15_312 + 2_192 * ("position" in embeddings) + 776 * ("density" in embeddings)
    assert parameter_count(layer) == wanted + 8 * 8 * (1 + len(embeddings)) + 8
    assert len(network(embeddings=embeddings)(cloud(60)).stages) == 3
