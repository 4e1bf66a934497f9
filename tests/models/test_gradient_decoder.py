"""ShapeGF's decoder: the released norm and counts, the ablations, and what a condition must be able to change."""

import json
import math
from pathlib import Path

import pytest
import torch
from torch.nn.functional import batch_norm, linear

from pcl_lib.models import GRADIENT_DECODERS, ConditionalBatchNorm, GradientDecoder, parameter_count
from pcl_lib.models._conditional_norm import JoinedLinear
from tests.models.networks import CODE, clouds, codes

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "gradient_fields.json").read_text(encoding="utf-8")
)
SIGMA = torch.tensor([0.1, 0.5, 1.0])


def small(name="abcd", code_size=CODE, **options):
    torch.manual_seed(0)
    return GradientDecoder(code_size, hidden=16, blocks=2, **GRADIENT_DECODERS[name] | options)


def at_random(network):
    """Layers that start as constants or at 0 get weights, so that they matter."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return network


def released_norm():
    """The golden norm: all five entries of the condition are the point's own."""
    norm = ConditionalBatchNorm(4, dims=5, code_size=0).double()
    a, b = torch.arange(4, dtype=torch.float64), torch.arange(5, dtype=torch.float64)
    with torch.no_grad():
        norm.scale.first.joined.weight.copy_(0.1 * torch.sin(1 + a[:, None] + 2 * b))
        norm.shift.first.joined.weight.copy_(0.1 * torch.cos(1 + 2 * a[:, None] + b))
    return norm


def test_the_released_norm_in_training_and_in_eval():
    """Trap: gamma and beta that ignore the point, or batch norm left in training mode."""
    s, i = (
        torch.arange(2.0, dtype=torch.float64)[:, None, None],
        torch.arange(6.0, dtype=torch.float64)[:, None],
    )
    f = torch.sin(i * torch.arange(1.0, 5) + s)
    c = torch.cos(i * torch.arange(1.0, 6) - s)
    norm, nothing = released_norm(), torch.empty(2, 0, dtype=torch.float64)
    facts = GOLDEN["norm"]

    def close(found, expected):
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-7)

    close(norm(f, c, nothing)[0, :, 0], facts["train_00"])
    close(norm.norm.running_mean, facts["running_mean"])
    close(norm.norm.running_var, facts["running_var"])
    close(norm.eval()(f, c, nothing)[0, :, 0], facts["eval_00"])


def test_the_norm_by_hand_with_a_shared_part_of_the_condition():
    torch.manual_seed(0)
    norm = at_random(ConditionalBatchNorm(6, dims=3, code_size=CODE, layers=2)).double()
    f, points, code = torch.randn(2, 9, 6).double(), clouds(2, 9).double(), codes(2).double()
    c = torch.cat([points, code[:, None].expand(-1, 9, -1)], -1)

    def told(part):
        hidden = linear(c, part.first.joined.weight, part.first.joined.bias).relu()
        return linear(hidden, part.second.weight, part.second.bias)

    normed = batch_norm(f.reshape(-1, 6), None, None, training=True).reshape(f.shape)
    torch.testing.assert_close(norm(f, points, code), told(norm.scale) * normed + told(norm.shift))


@pytest.mark.parametrize("layers", [1, 2])
def test_the_norm_begins_as_a_plain_one(layers):
    norm, f = ConditionalBatchNorm(6, dims=3, code_size=CODE, layers=layers), torch.randn(2, 9, 6)
    plain = batch_norm(f.reshape(-1, 6), None, None, training=True).reshape(f.shape)
    torch.testing.assert_close(norm(f, clouds(2, 9), codes(2)), plain)


def test_the_joined_layer_is_the_layer_on_the_joined_array():
    layer, points, code = JoinedLinear(3, CODE, 5), clouds(2, 7), codes(2)
    joined = torch.cat([points, code[:, None].expand(-1, 7, -1)], -1)
    torch.testing.assert_close(layer(points, code), linear(joined, layer.joined.weight, layer.joined.bias))


@pytest.mark.parametrize("variant", ["cbn", "add"])
def test_as_many_parameters_as_the_release(variant):
    for size, number in GOLDEN["parameters"][variant].items():
        blocks, code_size = (int(part.partition("=")[2]) for part in size.split(","))
        with torch.device("meta"):
            assert parameter_count(GradientDecoder(code_size, blocks=blocks, variant=variant)) == number


def test_counts_of_the_ablations_by_layers():
    """Of the paper's size: an input layer, 17 norms, 16 layers of 256, the last layer."""
    layers, last = 16 * (256 * 256 + 256), 256 * 3 + 3
    told = {"a": 129, "ab": 129, "abc": 132, "abcd": 132, "without sigma": 131}
    first = {"a": 3, "ab": 3, "abc": 3, "abcd": 132, "bd": 132, "without sigma": 131}
    for name, inputs in first.items():
        norms = 17 * 2 * (told[name] * 256 + 256) if name in told else 17 * 2 * 256
        with torch.device("meta"):
            found = parameter_count(GradientDecoder(**GRADIENT_DECODERS[name]))
        assert found == inputs * 256 + 256 + norms + layers + last, name


@pytest.mark.parametrize("name", GRADIENT_DECODERS)
def test_every_variant_is_told_what_it_says_and_no_more(name):
    network = at_random(small(name)).eval()
    x, z = clouds(3, 20), codes(3)
    made = network(x, z, SIGMA)
    assert made.shape == x.shape
    assert (network(x, codes(3, seed=1), SIGMA) - made).abs().max() > 1e-3
    moved = (network(x, z, 0.3 * SIGMA) - made).abs().max()
    assert moved == 0 if name == "without sigma" else moved > 1e-4
    one = network(x[1:2], z[1:2], float(SIGMA[1]))
    torch.testing.assert_close(one[0], made[1])
    torch.testing.assert_close(network(x.flip(1), z, SIGMA), made.flip(1))


@pytest.mark.parametrize("name", GRADIENT_DECODERS)
def test_every_parameter_learns(name):
    network = at_random(small(name)).eval()  # in training, a bias before batch norm has no gradient
    network(clouds(3, 20), codes(3), SIGMA).square().sum().backward()
    still = [key for key, p in network.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert not still


@pytest.mark.parametrize("name", GRADIENT_DECODERS)
def test_at_the_start_a_gradient_goes_through(name):
    network = small(name).train()
    network(clouds(3, 20), codes(3), SIGMA).square().sum().backward()
    assert network.first.joined.weight.grad.abs().max() > 0
    assert network.blocks[0].layers[1].weight.grad.abs().max() > 0


def test_blocks_begin_as_the_identity_where_there_are_shortcuts():
    network, f = small().eval(), torch.randn(3, 20, 16)
    told = torch.cat([codes(3), SIGMA[:, None]], 1)
    torch.testing.assert_close(
        network.blocks[0](f, clouds(3, 20), told) - f, network.blocks[0].layers[1].bias.expand(3, 20, 16)
    )
    assert small("a").blocks[0].layers[1].weight.abs().max() > 0


def test_a_field_of_one_shape_and_of_a_batch():
    network = at_random(small()).eval()
    x, z = clouds(3, 20), codes(3)
    torch.testing.assert_close(network.field(z)(x, 0.2), network(x, z, 0.2))
    for code in (z[1], z[1:2]):
        torch.testing.assert_close(network.field(code)(x[1], 0.2), network(x, z, 0.2)[1])
        torch.testing.assert_close(network.field(code)(x, 0.2), network(x, z[1:2].expand(3, -1), 0.2))
    alone = at_random(small(code_size=0)).eval()
    torch.testing.assert_close(alone.field()(x[0], 0.2), alone(x, None, 0.2)[0])


def test_a_field_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"fixed statistics of batch norm, .* call \.eval\(\) first"):
        small().train().field(codes(1))


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((clouds(2, 5), codes(2), 0.0), "sigma must be a positive, finite length, received 0.0"),
        ((clouds(2, 5), codes(2), torch.ones(3)), "one for each of the 2 clouds"),
        ((clouds(2, 5), codes(2), math.inf), "sigma must be a positive"),
        ((clouds(2, 5), None, 0.1), rf"codes \(B, {CODE}\), received NoneType"),
        ((clouds(2, 5), codes(3), 0.1), "a row for each cloud of points, received 3 for 2 clouds"),
        ((clouds(2, 5)[0], codes(2), 0.1), r"batch of clouds \(B, N, 3\)"),
        ((clouds(2, 5)[..., :2], codes(2), 0.1), "D = 3 in its last axis"),
    ],
)
def test_bad_input(given, message):
    with pytest.raises(ValueError, match=message):
        small()(*given)


def test_autocast():
    for name in ("abcd", "add"):
        network = at_random(small(name)).eval()
        whole = network(clouds(3, 20), codes(3), SIGMA).detach()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = network(clouds(3, 20), codes(3), SIGMA)
        torch.testing.assert_close(made.detach().float(), whole, rtol=0.1, atol=0.1 * float(whole.std()))


@pytest.mark.usefixtures("as_users_call_it")
def test_bad_sizes():
    with pytest.raises(ValueError, match="at least two in training mode"):
        small().train()(clouds(1, 1), codes(1), 0.1)
    with pytest.raises(ValueError, match="code must be None for a decoder with code_size=0"):
        small(code_size=0)(clouds(2, 5), codes(2), 0.1)
    with pytest.raises(ValueError, match="conditional norms must have a condition"):
        GradientDecoder(0, see_sigma=False, point_condition=False)
    with pytest.raises(ValueError, match="variant must be one of 'cbn', 'add', 'plain'"):
        GradientDecoder(variant="cbn2")
    with pytest.raises(ValueError, match="layers must be an integer from 1 to 2"):
        GradientDecoder(condition_layers=3)
