"""PointAttN and SnowflakeNet: attention by hand, whatever the order of the points, training."""

import pytest
import torch

from pcl_lib.data import synthetic
from pcl_lib.distances import chamfer
from pcl_lib.models import PointAttN, SnowflakeNet, parameter_count
from pcl_lib.models._completion.attention import (
    AttentionBlock,
    NeighbourAttention,
    PointTransformer,
    SkipTransformer,
)
from pcl_lib.models._completion.merge import merge
from pcl_lib.models._completion.pointattn import Refinement, split_channels
from pcl_lib.models._completion.snowflake import PointDeconvolution
from tests.models.networks import clouds

NETWORKS = {
    "pointattn": lambda: PointAttN(8, 16, (2, 3), width=4, heads=2, centres=(16, 8, 6)),
    "snowflake": lambda: SnowflakeNet(16, 8, 16, (1, 2, 3), width=16, centres=(16, 8), k=5),
}
STAGES = {"pointattn": (8, 32, 96), "snowflake": (8, 16, 32, 96)}
# Within so many steps of Adam the Chamfer distance of the last cloud falls by this factor, to well below the distance
# of the partial cloud itself.
STEPS, RATE, FACTOR = 250, 0.003, 8


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n", [8, 50, 100])
def test_coarse_to_fine(name, n):
    network = NETWORKS[name]()
    assert network.stages == STAGES[name]
    assert parameter_count(network) < 120_000
    x = clouds(3, n)
    for mode in (True, False):
        made = network.train(mode)(x)
        assert [tuple(cloud.shape) for cloud in made] == [(3, m, 3) for m in STAGES[name]]
        assert all(torch.isfinite(cloud).all() for cloud in made)
    assert torch.equal(x, clouds(3, n)), "the input is left alone"


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("training", [True, False])
def test_the_order_of_the_points_does_not_matter(name, training):
    torch.manual_seed(0)
    network = NETWORKS[name]().double().train(training)
    x = clouds(3, 60, dtype=torch.float64)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    for a, b in zip(network(x[:, order]), network(x), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("name", NETWORKS)
def test_eval_knows_no_batch(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().double().eval()
    x = clouds(3, 60, dtype=torch.float64)
    whole = network(x)
    for i in range(3):
        for a, b in zip(network(x[i : i + 1]), whole, strict=True):
            torch.testing.assert_close(a[0], b[i])
    assert (whole[-1][0] - whole[-1][1]).abs().max() > 1e-3, "the input matters"


def test_attention_by_hand():
    torch.manual_seed(0)
    attend = AttentionBlock(5, 8, feedforward=12, heads=2).double()
    x, y = torch.randn(2, 3, 5).double(), torch.randn(2, 7, 5).double()
    u, v = attend.before(attend.project(x)), attend.before(attend.project(y))
    weight, bias = attend.attend.in_proj_weight.chunk(3), attend.attend.in_proj_bias.chunk(3)
    q, k, w = (t @ a.T + b for t, a, b in zip((u, v, v), weight, bias, strict=True))
    heads = []
    for part in (slice(0, 4), slice(4, 8)):
        share = (q[..., part] @ k[..., part].mT / 2).softmax(-1)
        heads.append(share @ w[..., part])
    z = attend.after(u + attend.attend.out_proj(torch.cat(heads, -1)))
    torch.testing.assert_close(attend(x, y), z + attend.mlp(z))


def test_attention_to_neighbours_by_hand():
    torch.manual_seed(0)
    attend = NeighbourAttention(6, k=4).double().eval()
    x = clouds(1, 12, dtype=torch.float64)
    query, key, value = torch.randn(3, 1, 12, 6).double()
    found = attend(x, query, key, value)
    for i in range(12):
        near = (x[0] - x[0, i]).norm(dim=-1).argsort()[:4]
        place = attend.place(x[0, i] - x[0, near])
        share = attend.weigh(query[0, i] - key[0, near] + place).softmax(0)
        # The release adds the place to the value of the point before it takes the weighted sum.
        torch.testing.assert_close(found[0, i], (share * (value[0, i] + place)).sum(0))


def test_blocks_are_equivariant():
    torch.manual_seed(0)
    x, features = clouds(2, 30), torch.randn(2, 30, 8)
    order = torch.randperm(30)
    for attend in (PointTransformer(8, 4, k=5), SkipTransformer(8, 4, k=5)):
        parts = (features,) if isinstance(attend, PointTransformer) else (features, features.flip(2))
        shuffled = attend.eval()(x[:, order], *(f[:, order] for f in parts))
        torch.testing.assert_close(shuffled, attend(x, *parts)[:, order], rtol=1e-4, atol=1e-5)
    block_ = AttentionBlock(8, 8, feedforward=16, heads=2)
    y = torch.randn(2, 9, 8)
    torch.testing.assert_close(block_(y, features[:, order]), block_(y, features), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(block_(features[:, order], y), block_(features, y)[:, order])


def test_children_stay_near_their_point():
    torch.manual_seed(0)
    x, code = clouds(2, 20), 100 * torch.randn(2, 8)
    split = PointDeconvolution(8, 3, width=8, k=5, bound=0.25).eval()
    points, features = split(x, code, None)
    moved = points.unflatten(1, (20, 3)) - x[:, :, None]
    assert moved.abs().max() <= 0.25 + 1e-6
    assert (moved[:, :, 0] - moved[:, :, 1]).abs().max() > 1e-3, "children differ"
    assert features.shape == (2, 60, 8)
    order = torch.randperm(20)
    again = split(x[:, order], code, None)[0].unflatten(1, (20, 3))
    torch.testing.assert_close(again, points.unflatten(1, (20, 3))[:, order], rtol=1e-4, atol=1e-5)


def test_radius_narrows_the_moves():
    bounds = [step.bound for step in SnowflakeNet(16, 8, 16, (1, 2, 4), width=8, radius=2.0).split]
    assert bounds == [1.0, 0.5, 0.25]
    assert {step.bound for step in SnowflakeNet(16, 8, 16, (1, 2), width=8).split} == {1.0}


def test_children_in_turn():
    # The release keeps points in the last axis and reads (C, N) as (C / parts, parts * N).
    features = torch.randn(2, 5, 12)
    torch.testing.assert_close(split_channels(features, 3), features.mT.reshape(2, 4, 15).mT)
    torch.manual_seed(0)
    refine = Refinement(3, width=4, heads=2)
    x = clouds(2, 7)
    torch.nn.init.zeros_(refine.move[-1].weight)
    torch.nn.init.zeros_(refine.move[-1].bias)
    torch.testing.assert_close(refine(x, torch.randn(2, 32)), x.repeat(1, 3, 1))


def test_merged_points_come_from_both():
    seeds = clouds(1, 4, seed=1)
    partial = 10 + clouds(1, 20, seed=2)
    merged = merge(seeds, partial, 10)
    assert torch.equal(merged[:, 0], seeds[:, 0])
    both = torch.cat((seeds, partial), 1)[0]
    assert all((both == point).all(1).any() for point in merged[0])
    assert (merged[0].norm(dim=1) > 5).any()


# No output depends on these: a number added to all logits of a softmax leaves it as it is.
def without_effect(key):
    return key.endswith("weigh.layers.3.bias")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().double().eval()
    x = clouds(3, 50, dtype=torch.float64).requires_grad_()
    sum(chamfer(cloud, x.detach()).mean() for cloud in network(x)).backward()
    size = {key: p.grad.abs().max().item() for key, p in network.named_parameters()}
    dead = [key for key, found in size.items() if found < 1e-12]
    assert dead == [key for key in size if without_effect(key)]
    assert x.grad.abs().sum() > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_it_learns_to_complete(name):
    torch.manual_seed(0)
    whole = torch.stack([synthetic.sample(family, 96, seed=0).points for family in ("mug", "chair")])
    partial = torch.stack([cloud[cloud[:, 0].argsort()[:48]] for cloud in whole])
    network = NETWORKS[name]().train()
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    with torch.no_grad():
        first = chamfer(network(partial)[-1], whole).mean()
    for _ in range(STEPS):
        optimiser.zero_grad()
        values = [chamfer(cloud, whole).mean() for cloud in network(partial)]
        sum(values).backward()
        optimiser.step()
        if values[-1] < first / FACTOR:
            break
    assert values[-1] < first / FACTOR
    assert values[-1] < chamfer(partial, whole).mean() / 2


@pytest.mark.parametrize("name", NETWORKS)
def test_same_seed_same_network(name):
    values = []
    for _ in range(2):
        torch.manual_seed(3)
        network = NETWORKS[name]().train()
        made = network(clouds(4, 50))
        made[-1].square().sum().backward()
        values.append((made, [p.grad for p in network.parameters()]))
    for a, b in zip(values[0][0], values[1][0], strict=True):
        assert torch.equal(a, b)
    for a, b in zip(values[0][1], values[1][1], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_float64_and_bfloat16(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    x = clouds(2, 50)
    single = network(x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = network(x)
    assert all(cloud.dtype == torch.float32 and torch.isfinite(cloud).all() for cloud in half)
    double = network.double()(x.double())
    for a, b in zip(single, double, strict=True):
        assert b.dtype == torch.float64
        torch.testing.assert_close(b.float(), a, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (clouds(2, 50)[0], r"batch of clouds \(B, N, 3\), received shape \(50, 3\)"),
        (clouds(2, 50).mT, r"is it transposed\? try x\.mT"),
        (clouds(2, 50).double(), "the dtype of the network, float32, received float64"),
        (clouds(2, 50) / 0, "x must be finite"),
        (clouds(2, 7), "at least 16 points together, received 8 and 7; give more points"),
    ],
    ids=["one cloud", "transposed", "double", "infinite", "too few"],
)
def test_bad_clouds(name, x, message):
    with pytest.raises(ValueError, match=message):
        NETWORKS[name]()(x)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PointAttN(7), "n_coarse must be even, received 7"),
        (lambda: PointAttN(8, 0), "must be one or more layer widths of at least 1"),
        (lambda: PointAttN(up=(4,)), r"up must be two factors .* received \(4,\)"),
        (lambda: PointAttN(centres=(8, 4)), r"centres three numbers of points, received .* \(8, 4\)"),
        (lambda: PointAttN(width=6), "a multiple of its heads, received width 6 and 4 heads"),
        (lambda: SnowflakeNet(up=()), "up must be one or more"),
        (lambda: SnowflakeNet(width=30), "width must be a multiple of 4, received 30"),
        (lambda: SnowflakeNet(radius=0.0), "radius must be a positive, finite length, received 0"),
        (lambda: SnowflakeNet(centres=()), "centres must be one or more"),
        (lambda: SnowflakeNet(width=8, k=0), "k must be an integer of at least 1, received 0"),
    ],
)
def test_bad_sizes(build, message):
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.gpu
@pytest.mark.parametrize("name", NETWORKS)
def test_cuda_agrees_with_the_cpu(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    x = clouds(3, 100)
    here = network(x)
    there = network.cuda()(x.cuda())
    for a, b in zip(here, there, strict=True):
        assert b.device.type == "cuda"
        torch.testing.assert_close(b.cpu(), a, rtol=1e-3, atol=1e-3)
