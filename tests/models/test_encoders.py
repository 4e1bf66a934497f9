"""Encoders: clouds of any N to codes, whatever the order of the points."""

import pytest
import torch

from pcl_lib.models import (
    DGCNN,
    AbstractionStage,
    EdgeConv,
    LocalEncoder,
    PointNet,
    PointNet2,
    Scale,
    SetAbstraction,
    shapegf_encoder,
)
from pcl_lib.models._set_abstraction import spread_points
from tests.gradients import gradcheck
from tests.models.networks import CENTRES, CODE, ENCODERS, SMALL_STAGES, clouds


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("n", [1, 3, 17, 100])
def test_any_number_of_points(name, n):
    encoder = ENCODERS[name]()
    for mode in (True, False):
        code = encoder.train(mode)(clouds(3, n))
        assert code.shape == (3, CODE) == (3, encoder.code_dim)
        assert torch.isfinite(code).all()


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("training", [True, False])
def test_the_order_of_the_points_does_not_matter(name, training):
    torch.manual_seed(0)
    encoder = ENCODERS[name]().train(training)
    x = clouds(4, 60)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(encoder(x[:, order]), encoder(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ENCODERS)
def test_the_order_of_the_clouds_is_kept_and_eval_knows_no_batch(name):
    torch.manual_seed(0)
    encoder = ENCODERS[name]().eval()
    x = clouds(4, 50)
    code = encoder(x)
    torch.testing.assert_close(encoder(x.flip(0)), code.flip(0))
    for i in range(4):
        torch.testing.assert_close(encoder(x[i : i + 1])[0], code[i])


def test_pointnet_sees_each_point_once():
    encoder = PointNet((16, CODE)).eval()
    x = clouds(2, 20)
    torch.testing.assert_close(encoder(torch.cat((x, x[:, :7]), 1)), encoder(x))
    # The maximum of two halves is the maximum of the whole.
    torch.testing.assert_close(torch.maximum(encoder(x[:, :9]), encoder(x[:, 9:])), encoder(x))


def test_pointnet_by_hand():
    encoder = PointNet((5,)).eval()
    linear, norm, _ = encoder.points.layers
    x = clouds(1, 6)
    scale = (1 + norm.eps) ** -0.5
    expected = ((x[0] @ linear.weight.T + linear.bias) * scale).relu().amax(0)
    torch.testing.assert_close(encoder(x)[0], expected)


def test_no_relu_before_the_maximum_of_shapegf():
    torch.manual_seed(0)
    encoder = shapegf_encoder()
    before = encoder.points(clouds(4, 2)).max(1).values
    assert (before < 0).any()
    assert (encoder(clouds(4, 100)) < 0).any()


def test_edge_conv_is_one_layer_on_each_edge():
    torch.manual_seed(0)
    conv = EdgeConv(3, 7, k=4).double()
    x = clouds(2, 12, dtype=torch.float64)
    index = (x[:, :, None] - x[:, None]).square().sum(-1).topk(4, largest=False).indices
    near = torch.stack([x[b][index[b]] for b in range(2)])
    edges = torch.cat((near - x[:, :, None], x[:, :, None].expand_as(near)), -1)
    made = conv.linear(edges)
    made = (made - made.mean((0, 1, 2))) / (made.var((0, 1, 2), unbiased=False) + conv.norm.eps).sqrt()
    torch.testing.assert_close(conv(x), torch.nn.functional.leaky_relu(made, 0.2).amax(2))


def test_edge_conv_is_equivariant():
    torch.manual_seed(0)
    conv = EdgeConv(3, 16, k=6).eval()
    x = clouds(2, 40)
    order = torch.randperm(40)
    torch.testing.assert_close(conv(x[:, order]), conv(x)[:, order])


def test_the_graph_of_dgcnn_follows_the_features():
    torch.manual_seed(0)
    first, second = DGCNN((8, 16), 16, (12, CODE), k=5).eval().convs
    h = first(clouds(1, 60))
    in_space = torch.cdist(clouds(1, 60), clouds(1, 60)).topk(5, largest=False).indices
    in_features = torch.cdist(h, h).topk(5, largest=False).indices
    assert not torch.equal(in_space.sort().values, in_features.sort().values)
    near = h[0][in_features[0]]
    edges = second.linear(torch.cat((near - h[0][:, None], h[0][:, None].expand_as(near)), -1))
    edges = torch.nn.functional.leaky_relu(edges / (1 + second.norm.eps) ** 0.5, 0.2)
    torch.testing.assert_close(second(h)[0], edges.amax(1), rtol=1e-4, atol=1e-5)


def test_set_abstraction_by_hand():
    torch.manual_seed(0)
    stage = SetAbstraction(AbstractionStage(5, (Scale(0.6, 4, (9,)),)), 2).eval()
    x, features = clouds(1, 30), torch.randn(1, 30, 2)
    centres, pooled = stage(x, features)
    linear, norm, _ = stage.mlps[0].layers
    for c, f in zip(centres[0], pooled[0], strict=True):
        gap = (x[0] - c).norm(dim=-1)
        near = gap.argsort()[:4]
        near = near[gap[near] <= 0.6]
        rows = torch.cat((x[0][near] - c, features[0][near]), -1)
        made = ((rows @ linear.weight.T + linear.bias) / (1 + norm.eps) ** 0.5).relu()
        torch.testing.assert_close(f, made.amax(0))


def test_set_abstraction_moves_with_the_cloud():
    torch.manual_seed(0)
    stage = SetAbstraction(AbstractionStage(8, (Scale(0.5, 8, (16,)),))).eval().double()
    x = clouds(2, 50, dtype=torch.float64)
    centres, features = stage(x)
    moved_centres, moved_features = stage(x + 3)
    torch.testing.assert_close(moved_centres, centres + 3)
    torch.testing.assert_close(moved_features, features)


def test_a_lone_point_is_its_own_neighbourhood():
    stage = SetAbstraction(AbstractionStage(2, (Scale(0.1, 4, (6,)),))).eval()
    x = torch.tensor([[[0.0, 0.0, 0.0], [5.0, 0.0, 0.0]]])
    _, features = stage(x)
    torch.testing.assert_close(features[0, 0], features[0, 1])


def test_spread_points_start_farthest_from_the_mean():
    x = clouds(3, 40)
    chosen = spread_points(x, 10)
    for b in range(3):
        assert chosen[b, 0] == (x[b] - x[b].mean(0)).norm(dim=-1).argmax()
        picked = [int(chosen[b, 0])]
        while len(picked) < 10:
            picked.append(int(torch.cdist(x[b], x[b][picked]).amin(1).argmax()))
        assert chosen[b].tolist() == picked


def test_local_encoder():
    torch.manual_seed(0)
    encoder = LocalEncoder(SMALL_STAGES, (16,)).eval()
    x = clouds(3, 50)
    code = encoder(x)
    assert code.centres.shape == (3, CENTRES, 3)
    assert code.features.shape == (3, CENTRES, 16)
    for c, points in zip(code.centres, x, strict=True):
        assert {*map(tuple, c.tolist())} <= {*map(tuple, points.tolist())}, "centres are points of the cloud"
    order = torch.randperm(50)
    for a, b in zip(encoder(x[:, order]), code, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_the_look_at_all_centres_by_hand():
    torch.manual_seed(0)
    encoder = LocalEncoder(SMALL_STAGES, (16,)).eval()
    x = clouds(2, 50)
    centres, features = x, None
    for stage in encoder.stages:
        centres, features = stage(centres, features)
    local = torch.cat((centres, features), -1)
    (look, _), (first, _, last) = encoder.look.layers, encoder.refine.layers
    seen = look(local).relu().amax(1, keepdim=True).expand(-1, CENTRES, -1)
    code = encoder(x)
    assert torch.equal(code.centres, centres)
    torch.testing.assert_close(code.features, features + last(first(torch.cat((local, seen), -1)).relu()))


@pytest.mark.parametrize("name", ENCODERS)
def test_points_that_all_coincide(name):
    x = torch.ones(3, 30, 3)
    for mode in (True, False):
        assert torch.isfinite(ENCODERS[name]().train(mode)(x)).all()


@pytest.mark.slow
def test_gradients_with_the_neighbourhoods_held_fixed():
    torch.manual_seed(0)
    x = clouds(2, 12, dtype=torch.float64).requires_grad_()
    stage = SetAbstraction(AbstractionStage(4, (Scale(1.0, 3, (5,)), Scale(2.0, 5, (4,))))).double().eval()
    for network in (PointNet((7, 5)), EdgeConv(3, 6, k=4)):
        assert gradcheck(network.double().eval(), (x,))
    assert gradcheck(lambda p: stage(p)[1], (x,))


def test_more_dimensions():
    x = torch.rand(2, 30, 2)
    assert PointNet((8, CODE), dim=2)(x).shape == (2, CODE)
    assert PointNet2(SMALL_STAGES, (CODE,), (), dim=2)(x).shape == (2, CODE)
    assert DGCNN((8,), 8, (8, CODE), k=3, dim=2)(x).shape == (2, CODE)
