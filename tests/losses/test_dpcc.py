"""The losses of D-PCC: the release's numbers, the post's index error, and which term teaches what."""

import pytest
import torch

from pcl_lib.losses import (
    DPCC_RATE_WEIGHTS,
    DPCCWeights,
    dpcc_chamfer,
    dpcc_coordinates,
    dpcc_counts,
    dpcc_density,
    dpcc_loss,
    dpcc_matches,
    dpcc_normals,
)
from pcl_lib.models import DPCC
from tests.models.test_dpcc import GOLDEN, cloud, wave

WANTED = GOLDEN["losses"]
LEVELS = [wave(81), wave(81)[::3], wave(81)[::9]]
STAGES = [wave(81, 0.05)[::9][:8], wave(81, 0.04)[::3][:26], wave(84, 0.03)]


def index(n):
    return torch.arange(n, dtype=torch.float64)


# By point: those of the decoder for the 3 latent points and the stages of 8 and 26 before the last of 84.
COUNTS = [3 + torch.sin(index(n) + i) for i, n in enumerate((3, 8, 26))]
DISTANCES = [start + 0.03 * torch.cos(index(n)) for start, n in ((0.25, 3), (0.15, 8), (0.12, 26))]
TRUE_COUNTS = [
    torch.round(3 + 2 * torch.sin(index(27))),
    torch.round(3 + 2 * torch.cos(index(9))),
    torch.round(3 + torch.sin(2 * index(3))),
]
TRUE_DISTANCES = [
    0.1 + 0.02 * torch.sin(index(27)),
    0.2 + 0.02 * torch.cos(index(9)),
    0.3 + 0.02 * torch.sin(index(3)),
]


def density(**options):
    matches = dpcc_matches(STAGES, LEVELS)
    return dpcc_density(COUNTS, DISTANCES, TRUE_COUNTS, TRUE_DISTANCES, matches, **options)


def batched(parts):
    return [part[None].repeat(2, *[1] * part.ndim) for part in parts]


def test_golden_chamfer():
    assert dpcc_chamfer(STAGES, LEVELS).item() == pytest.approx(WANTED["chamfer"], rel=1e-9)
    assert [match.tolist() for match in dpcc_matches(STAGES, LEVELS)] == WANTED["pred2gt_idx"]


def test_golden_density():
    """Stages of 8, 26 and 84 points, so that the match of another stage has another size."""
    assert density().item() == pytest.approx(WANTED["density"], rel=1e-9)
    parts = [density(of_distances=0.0), density(of_counts=0.0)]
    assert sum(parts).item() == pytest.approx(WANTED["density"], rel=1e-9)
    assert all(part > 0 for part in parts)


def test_the_post_takes_the_match_of_the_same_stage():
    assert "index 3 is out of bounds for dimension 1 with size 3" in GOLDEN["post_density"]
    with pytest.raises(RuntimeError, match="index 3 is out of bounds for dimension 0 with size 3"):
        density(matching="same", of_distances=1.0)


def test_golden_counts():
    assert dpcc_counts(COUNTS, LEVELS).item() == pytest.approx(WANTED["pts_num"], rel=1e-9)


def test_golden_coordinates():
    made, latent = wave(81, 0.05)[::27], wave(81)[::27]
    assert dpcc_coordinates(made, latent).item() == pytest.approx(GOLDEN["latent_coordinates"], rel=1e-9)


def test_a_batch_is_a_mean_of_all_but_the_counts_which_are_a_sum():
    assert dpcc_chamfer(batched(STAGES), batched(LEVELS)).item() == pytest.approx(WANTED["chamfer"])
    assert dpcc_counts(batched(COUNTS), batched(LEVELS)).item() == pytest.approx(2 * WANTED["pts_num"])
    parts = (batched(part) for part in (COUNTS, DISTANCES, TRUE_COUNTS, TRUE_DISTANCES))
    made = dpcc_density(*parts, dpcc_matches(batched(STAGES), batched(LEVELS)))
    assert made.item() == pytest.approx(WANTED["density"])


def test_normals_are_those_of_the_nearest():
    true = torch.eye(3)
    match = torch.tensor([1, 1, 0])
    assert dpcc_normals(true[match], true, match).item() == 0
    assert dpcc_normals(true[match] + 0.5, true, match, weight=1.0).item() == pytest.approx(0.25)


@pytest.fixture(scope="module")
def output():
    torch.manual_seed(0)
    network = DPCC(4, 8, candidates=4, normals=True)
    torch.manual_seed(1)
    normals = torch.nn.functional.normalize(cloud(250, 5), dim=1)
    return network, network(torch.cat((cloud(250), normals), 1))


def test_the_terms_of_the_sum(output):
    _, made = output
    weights = DPCCWeights(1.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    loss = dpcc_loss(made, weights=weights)
    levels = [level.points for level in made.levels]
    matches = dpcc_matches(made.stages, levels)
    true = [level.counts for level in made.levels], [level.mean_distances for level in made.levels]
    bits = -sum(part.log2().sum() for part in made.likelihoods) / 250
    expected = {
        "chamfer": dpcc_chamfer(made.stages, levels, early=0.2),
        "density": 0.3
        * dpcc_density(
            made.counts, made.mean_distances, *true, matches, weight=1.0, of_counts=0.4, of_distances=0.5
        ),
        "counts": 0.6 * dpcc_counts(made.counts, levels, weight=1.0),
        "coordinates": 0.7 * (made.coordinates - made.latent).square().mean(),
        "normals": 0.8 * (made.normals - made.true_normals[matches[-1]]).square().mean(),
        "rate": 0.9 * bits,
    }
    for name, value in expected.items():
        torch.testing.assert_close(getattr(loss, name), value)
        assert value > 0
    torch.testing.assert_close(loss.total, sum(expected.values()))
    torch.testing.assert_close(loss.bits_per_point, bits)


def test_bits_are_of_features_and_coordinates(output):
    """Both bottlenecks of 16 symbols a latent point; that of the features alone is about half."""
    _, made = output
    features, coordinates = (-part.log2().sum() / 250 for part in made.likelihoods)
    loss = dpcc_loss(made)
    torch.testing.assert_close(loss.bits_per_point, features + coordinates)
    assert features > 0.3 * loss.bits_per_point
    assert coordinates > 0.3 * loss.bits_per_point


# What each term teaches; the latent coordinates and the rate reach no decoder, and neither does any reach quantiles.
TEACHES = {
    "chamfer": {"encoder", "coordinates", "split", "refine"},
    "density": {"encoder", "coordinates", "split", "refine", "count"},
    "counts": {"encoder", "count", "split", "refine"},
    "coordinates": {"coordinates"},
    "normals": {"encoder", "split", "refine", "normals"},
    "rate": {"encoder", "coordinates", "likelihoods"},
}


def part_of(key):
    for part in ("quantiles", "split", "refine", "count", "normals"):
        if f".{part}." in f".{key}.":
            return part
    for part in ("bottleneck.matrices", "bottleneck.biases", "bottleneck.factors"):
        if part in key:
            return "likelihoods"
    return "coordinates" if key.startswith("coordinates.") else "encoder"


@pytest.mark.parametrize("term", TEACHES)
def test_where_a_term_sends_gradient(output, term):
    """The counts learn from the density and the count alone: of what is rounded there is no gradient."""
    network, made = output
    names, parameters = zip(*network.named_parameters(), strict=True)
    value = getattr(dpcc_loss(made), term)
    gradients = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    pairs = zip(names, gradients, strict=True)
    reached = {part_of(name) for name, g in pairs if g is not None and g.abs().max() > 0}
    assert reached == TEACHES[term]
    assert "quantiles" not in reached
    assert ("count" in reached) == (term in ("density", "counts"))


def test_weights_of_the_release():
    assert DPCCWeights() == (1.0, 0.1, 1e-4, 1.0, 50.0, 5e-7, 1e-2, 1e-2, 1e-3)
    assert DPCC_RATE_WEIGHTS == {"ShapeNet": 1e-4, "SemanticKITTI": 5e-4, "script": 1e-3}
    made = torch.tensor([[1.0, 0.0, 0.0]])
    assert dpcc_normals(made, made + 1, torch.tensor([0])).item() == pytest.approx(1e-2)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dpcc_chamfer(STAGES, LEVELS[:2]), "stages, levels must be .*, received 3, 2"),
        (lambda: dpcc_chamfer((), ()), "one or more stages, .* received 0, 0"),
        (lambda: dpcc_chamfer(STAGES, LEVELS, early=-1.0), "early must be a finite number of at least 0"),
        (lambda: density(matching="next"), "matching must be one of 'previous', 'same', received 'next'"),
        (lambda: density(weight=float("nan")), "weight must be a finite number of at least 0, received nan"),
        (lambda: dpcc_counts(COUNTS, LEVELS[1:]), "counts, levels must be .* received 3, 2"),
        (
            lambda: dpcc_coordinates(wave(3), wave(4)),
            r"made and latent must have one shape, received \(3, 3\) and \(4, 3\)",
        ),
        (
            lambda: dpcc_normals(wave(3), wave(4), torch.zeros(2, dtype=torch.int64)),
            r"match must hold a row for each of the normals \(3, 3\), received \(2,\)",
        ),
        (lambda: dpcc_loss(_tiny(), weights=DPCCWeights(rate=-1.0)), "rate must be a finite number"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def _tiny():
    return DPCC(4, 8, candidates=4)(cloud(20))
