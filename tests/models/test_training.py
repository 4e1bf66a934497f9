"""What training needs: gradients everywhere, decoders that can fit, seeds, checkpoints, float64, a GPU."""

import copy
import io

import pytest
import torch

from pcl_lib.data import synthetic
from pcl_lib.distances import chamfer
from pcl_lib.models import AutoEncoder, PointNet, ae, atlas_net, atlas_net_v2, folding_net
from tests.models.networks import (
    AUTOENCODERS,
    DECODERS,
    ENCODERS,
    LOCAL_DECODERS,
    clouds,
    code_for,
    codes,
    local_codes,
)

# Within so many steps of Adam the Chamfer distance falls by this factor. It does not fall to 0: in the minima that it
# ends in, several points share one target.
STEPS, RATE, FACTOR = 400, 0.01, 10
NETWORKS = AUTOENCODERS | {
    "dgcnn": lambda: AutoEncoder(ENCODERS["dgcnn"](), DECODERS["folding"]()),
    "pointnet2": lambda: AutoEncoder(ENCODERS["pointnet2"](), DECODERS["fully connected"]()),
    "pointnet2, two scales": lambda: AutoEncoder(
        ENCODERS["pointnet2, two scales"](), DECODERS["v2 linear"]()
    ),
    "v2 points linear": lambda: AutoEncoder(
        ENCODERS["pointnet with a head"](), DECODERS["v2 points linear"]()
    ),
}


def loss(network, x):
    return chamfer(network(x), x).mean()


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    # In eval mode: in training, a bias before a batch norm has the gradient 0, since the norm takes it out again.
    network = NETWORKS[name]().eval()
    x = clouds(4, 50).requires_grad_()
    loss(network, x).backward()
    dead = [key for key, p in network.named_parameters() if p.grad is None or p.grad.abs().max() == 0]
    assert not dead
    assert x.grad.abs().sum() > 0
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_in_training_mode(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().train()
    before = copy.deepcopy(network.state_dict())
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    loss(network, clouds(4, 50)).backward()
    optimiser.step()
    after = network.state_dict()
    still = [key for key in before if torch.equal(before[key], after[key]) and "bias" not in key]
    assert not still, "weights and the statistics of batch norm move"


@pytest.mark.parametrize("name", [*DECODERS, *LOCAL_DECODERS])
@pytest.mark.slow
def test_a_decoder_fits_one_cloud(name):
    torch.manual_seed(0)
    x = synthetic.sample("mug", 60, seed=0).points[None].repeat(2, 1, 1)
    network = (DECODERS | LOCAL_DECODERS)[name](60)
    given = local_codes(x) if name in LOCAL_DECODERS else codes(2)
    optimiser = torch.optim.Adam(network.parameters(), RATE)
    with torch.no_grad():
        first = chamfer(network.eval()(given), x).mean().item()
    network.train()
    for _ in range(STEPS):
        optimiser.zero_grad()
        value = chamfer(network(given), x).mean()
        value.backward()
        optimiser.step()
        if value.item() < first / FACTOR:
            break
    assert value.item() < first / FACTOR


@pytest.mark.slow
def test_an_autoencoder_tells_two_clouds_apart():
    torch.manual_seed(0)
    x = torch.stack([synthetic.sample(family, 64, seed=0).points for family in ("mug", "chair")])
    network = AUTOENCODERS["ae"](64)
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(200):
        optimiser.zero_grad()
        loss(network, x).backward()
        optimiser.step()
    network.eval()
    made = network(x)
    assert chamfer(made, x).max() < 0.2 * chamfer(made, x.flip(0)).min()


@pytest.mark.parametrize("name", NETWORKS)
def test_same_seed_same_network(name):
    values = []
    for _ in range(2):
        torch.manual_seed(3)
        network = NETWORKS[name]().train()
        value = loss(network, clouds(4, 50))
        value.backward()
        values.append((value, [p.grad for p in network.parameters()]))
    assert torch.equal(values[0][0], values[1][0])
    for a, b in zip(values[0][1], values[1][1], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_checkpoint_brings_the_network_back(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().train()
    network(clouds(4, 50))  # moves the statistics of batch norm
    network.eval()
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    torch.manual_seed(1)
    other = NETWORKS[name]().eval()
    x = clouds(2, 50, seed=4)
    assert not torch.equal(other(x), network(x))
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other(x), network(x))


@pytest.mark.parametrize("name", NETWORKS)
def test_float64(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    single = network(clouds(2, 50))
    # Grids and draws follow the dtype of the code.
    double = network.double()(clouds(2, 50).double())
    assert double.dtype == torch.float64
    torch.testing.assert_close(double.float(), single, rtol=1e-3, atol=1e-4)
    assert network.train()(clouds(2, 50).double()).dtype == torch.float64


@pytest.mark.parametrize("name", NETWORKS)
def test_the_input_is_left_alone(name):
    network = NETWORKS[name]()
    x = clouds(3, 50)
    network(x)
    assert torch.equal(x, clouds(3, 50))


def test_options_reach_the_decoder():
    network = atlas_net(code_dim=8, n_points=40, patches=4, widths=(8,)).train()
    x = clouds(2, 30)
    a, b, c = (network(x, 50, generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert a.shape == (2, 50, 3)
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    torch.testing.assert_close(network.eval().decode(network.encode(x)), network(x))


@pytest.mark.parametrize("build", [ae, folding_net])
def test_clouds_in_the_plane(build):
    network = build(8, 30, points=(16,), widths=(16,), dim=2)
    assert network(torch.rand(3, 20, 2)).shape == (3, 30, 2)


def test_another_encoder_and_activation():
    network = atlas_net_v2(
        code_dim=8,
        n_points=40,
        patches=4,
        widths=(16, 16),
        deform=(8,),
        encoder=PointNet((16, 8)),
        activation=torch.nn.SELU,
    )
    assert network(clouds(3, 30)).shape == (3, 40, 3)
    assert any(isinstance(m, torch.nn.SELU) for m in network.modules())


def test_autocast():
    network = AUTOENCODERS["atlas_net squares"]().train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        points = network(clouds(3, 50))
    assert points.shape == (3, 60, 3)
    assert torch.isfinite(points).all()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.isfinite(ENCODERS["dgcnn"]()(clouds(3, 50))).all()


@pytest.mark.gpu
@pytest.mark.parametrize("name", NETWORKS)
def test_cuda_agrees_with_the_cpu(name):
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    x = clouds(3, 200)
    here = network(x)
    there = network.cuda()(x.cuda())
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), here, rtol=1e-3, atol=1e-3)
    network.train()
    loss(network, x.cuda()).backward()
    assert all(torch.isfinite(p.grad).all() for p in network.parameters())


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["squares", "v2 deformation"])
def test_draws_on_cuda(name):
    decoder = DECODERS[name]().cuda().train()
    code = code_for(name, 2).cuda()
    for device in ("cpu", "cuda"):
        a, b = (decoder(code, generator=torch.Generator(device).manual_seed(1)) for _ in range(2))
        assert a.device.type == "cuda"
        torch.testing.assert_close(a, b)
