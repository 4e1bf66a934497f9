"""PCN and FoldingNet as completion networks: counts, the formula in plain torch, order, gradients, an overfit."""

import io
import itertools

import pytest
import torch
from torch.nn.functional import linear

from pcl_lib.data import synthetic
from pcl_lib.distances import chamfer
from pcl_lib.losses import folding_loss, pcn_loss
from pcl_lib.models import PCN, FoldingCompletion, StackedPointNet, parameter_count, square_grid
from pcl_lib.models._patches import PatchMLP
from tests.models.networks import clouds


def small_pcn(norm=False):
    return PCN(24, 8, 3, points=((12, 20), (16,)), widths=(32,), fold=(16, 16), norm=norm)


def small_folding(norm=True):
    return FoldingCompletion(24, 70, points=((12, 20), (16,)), widths=(16, 16), norm=norm)


NETWORKS = {
    "pcn": small_pcn,
    "pcn with norm": lambda: small_pcn(norm=True),
    "folding": small_folding,
    "folding without norm": lambda: small_folding(norm=False),
}


def layers(*sizes):
    return sum(a * b + b for a, b in itertools.pairwise(sizes))


# A layer a -> b holds a * b weights and b biases, a batch norm of b features 2 b parameters.
# wentaoyuan/pcn models/pcn_cd.py: mlp_conv and mlp without a normaliser.
ENCODER = layers(3, 128, 256) + layers(2 * 256, 512, 1024)
PCN_RELEASE = ENCODER + layers(1024, 1024, 1024, 3 * 1024) + layers(2 + 3 + 1024, 512, 512, 3)
# wentaoyuan/pcn models/folding.py, the baseline.
FOLDING_RELEASE = ENCODER + layers(1024 + 2, 512, 512, 3) + layers(1024 + 3, 512, 512, 3)
# yuxumin/PoinTr models/PCN.py and models/FoldingNet.py: batch norm before each ReLU of encoder and folds.
ENCODER_NORMS = 2 * 128 + 2 * 512
COUNTS = {
    "encoder": (StackedPointNet, ENCODER, 821_504),
    "PCN": (PCN, PCN_RELEASE, 6_861_059),
    "PCN of PoinTr": (lambda: PCN(norm=True), PCN_RELEASE + ENCODER_NORMS + 2 * 2 * 512, 6_864_387),
    "PCN of PoinTr, 8,192 points": (
        lambda: PCN(n_coarse=512, norm=True),
        PCN_RELEASE + ENCODER_NORMS + 2 * 2 * 512 - 512 * 3 * 1025,
        5_289_987,
    ),
    "folding of PCN's release": (lambda: FoldingCompletion(norm=False), FOLDING_RELEASE, 2_402_054),
    "folding of PoinTr": (FoldingCompletion, FOLDING_RELEASE + ENCODER_NORMS + 4 * 2 * 512, 2_407_430),
}


@pytest.mark.parametrize("name", COUNTS)
def test_as_many_parameters_as_the_releases(name):
    build, by_layers, number = COUNTS[name]
    with torch.device("meta"):
        network = build()
    assert by_layers == number
    assert parameter_count(network) == number


@pytest.mark.parametrize(("build", "stages"), [(PCN, (1024, 16_384)), (FoldingCompletion, (16_384,))])
def test_paper_sizes_run(build, stages):
    torch.manual_seed(0)
    network = build().eval()
    with torch.no_grad():
        made = network(clouds(1, 256))
    assert network.stages == stages
    assert tuple(cloud.shape[1] for cloud in made) == stages
    assert all(torch.isfinite(cloud).all() for cloud in made)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("n", [1, 5, 64])
def test_stages_of_any_input(name, n):
    network = NETWORKS[name]()
    for mode in (True, False):
        made = network.train(mode)(clouds(3, n))
        assert isinstance(made, tuple)
        assert [tuple(cloud.shape) for cloud in made] == [(3, k, 3) for k in network.stages]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("training", [True, False])
def test_the_order_of_the_points_does_not_matter(name, training):
    torch.manual_seed(0)
    network = NETWORKS[name]().train(training)
    x = clouds(4, 60)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(network.encoder(x[:, order]), network.encoder(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(network(x[:, order]), network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_repeated_points_and_other_clouds_change_nothing_in_eval(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    x = clouds(4, 50)
    made = network(x)
    torch.testing.assert_close(network(torch.cat((x, x[:, :20]), 1)), made)
    for i in range(4):
        torch.testing.assert_close(network(x[i : i + 1]), tuple(cloud[i : i + 1] for cloud in made))
    assert (made[-1][0] - made[-1][1]).abs().max() > 1e-4, "the input matters"


def plain(mlp: PatchMLP, rows):
    """An MLP of one patch, layer by layer, on rows (.., in)."""
    for i, layer in enumerate(mlp.linear):
        rows = linear(rows.relu() if i else rows, layer.weight[0], layer.bias[0, :, 0])
    return rows


def code_by_hand(encoder, x):
    features = plain(encoder.first, x)
    seen = features.amax(1, keepdim=True).expand_as(features)
    return plain(encoder.second, torch.cat((features, seen), -1)).amax(1)


def test_pcn_by_hand():
    torch.manual_seed(0)
    network = small_pcn().double()
    x = clouds(2, 30, dtype=torch.float64)
    code = code_by_hand(network.encoder, x)
    torch.testing.assert_close(network.encoder(x), code)
    coarse, fine = network(x)
    torch.testing.assert_close(coarse, network.coarse.layers(code).view(2, 8, 3))
    side = torch.tensor([-0.05, 0.0, 0.05], dtype=torch.float64)
    for b, j, g in itertools.product(range(2), range(8), range(9)):
        seed = torch.cat((side[[g % 3, g // 3]], coarse[b, j], code[b]))
        torch.testing.assert_close(fine[b, 9 * j + g], coarse[b, j] + plain(network.fold, seed))


def test_folding_by_hand():
    torch.manual_seed(0)
    network = small_folding(norm=False).double()
    x = clouds(2, 30, dtype=torch.float64)
    code = code_by_hand(network.encoder, x)[:, None].expand(-1, 70, -1)
    sheet = (square_grid(70) - 0.5).expand(2, -1, -1)
    fold = network.decoder.fold
    once = plain(fold.first, torch.cat((sheet, code), -1))
    torch.testing.assert_close(network(x)[0], plain(fold.second, torch.cat((once, code), -1)))


def test_norm_stands_before_each_relu_and_nowhere_else():
    for build in (small_pcn, small_folding):
        with_norm, without = build(norm=True), build(norm=False)
        widths = [m.num_features for m in with_norm.modules() if isinstance(m, torch.nn.BatchNorm1d)]
        folds = 1 if build is small_pcn else 2
        assert widths == [12, 16] + folds * [16, 16]
        assert not any(isinstance(m, torch.nn.BatchNorm1d) for m in without.modules())


def loss(network, x, truth):
    made = network(x)
    if len(made) == 1:
        return folding_loss(made, truth, loss=chamfer).mean()
    return pcn_loss(made, truth, loss=chamfer, alpha=0.5).mean()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()  # in training, a bias before a batch norm has the gradient 0
    x = clouds(4, 50).requires_grad_()
    loss(network, x, clouds(4, 70, seed=1)).backward()
    dead = [key for key, p in network.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert not dead
    assert x.grad.abs().sum() > 0
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.slow
@pytest.mark.parametrize(
    "build",
    [
        small_folding,
        lambda: PCN(32, 18, 2, points=((16, 32), (32,)), widths=(64,), fold=(32, 32), extent=0.1),
    ],
    ids=["folding", "pcn"],
)
def test_halves_of_three_shapes_are_completed(build):
    torch.manual_seed(0)
    truth = torch.stack(
        [synthetic.sample(family, 72, seed=0).points for family in ("mug", "chair", "airplane")]
    )
    half = truth.gather(1, truth[..., :1].argsort(1)[:, :36].expand(-1, -1, 3))
    network = build().train()
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    with torch.no_grad():
        first = chamfer(network(half)[-1], truth).mean()
    for _ in range(400):
        optimiser.zero_grad()
        loss(network, half, truth).backward()
        optimiser.step()
    made = network(half)[-1]
    assert chamfer(made, truth).mean() < 0.1 * first
    assert chamfer(made, truth).max() < 0.2 * chamfer(made, truth.roll(1, 0)).min(), "each its own shape"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_checkpoint_brings_the_network_back(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().train()
    network(clouds(4, 50))  # moves the statistics of batch norm
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    other = NETWORKS[name]().eval()
    other.load_state_dict(torch.load(file, weights_only=True))
    x = clouds(2, 50, seed=4)
    assert all(torch.equal(a, b) for a, b in zip(other(x), network.eval()(x), strict=True))


def test_the_input_is_left_alone():
    for build in NETWORKS.values():
        x = clouds(3, 50)
        build()(x)
        assert torch.equal(x, clouds(3, 50))


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (clouds(2, 40)[0], r"batch of clouds \(B, N, 3\), received shape \(40, 3\); add the missing axis"),
        (clouds(2, 40).mT, r"D = 3 in its last axis, received shape \(2, 3, 40\); is it transposed"),
        (clouds(2, 40)[:, :0], "x is empty"),
        (clouds(2, 40) / 0, "x must be finite, received"),
        (clouds(2, 40).double(), "the dtype of the network, float32, received float64"),
    ],
    ids=["one cloud", "transposed", "empty", "infinite", "double"],
)
def test_bad_clouds(name, x, message):
    with pytest.raises(ValueError, match=message):
        NETWORKS[name]()(x)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PCN(grid=0), "grid must be an integer of at least 1, received 0"),
        (lambda: PCN(n_coarse=2.0), "n_coarse must be an integer of at least 1, received 2.0"),
        (lambda: PCN(extent=0.0), "extent must be a positive, finite length, received 0.0"),
        (lambda: PCN(8, 4, points=((8,),)), r"the layers of two PointNets, .* received \(\(8,\),\)"),
        (lambda: PCN(8, 4, points=((), (8,))), r"one or more layer widths of at least 1, received \(\)"),
        (lambda: FoldingCompletion(n_points=0), "n_points must be an integer of at least 1, received 0"),
        (lambda: FoldingCompletion(8, 9, extent=-1), "extent must be a positive, finite length, received -1"),
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
    x = clouds(3, 200)
    here = network(x)
    there = network.cuda()(x.cuda())
    assert all(cloud.device.type == "cuda" for cloud in there)
    torch.testing.assert_close(tuple(cloud.cpu() for cloud in there), here, rtol=1e-3, atol=1e-3)
