"""PointAttN and SnowflakeNet make the points that the released layers make of the same weights."""

import json
from pathlib import Path

import torch

from pcl_lib.models import PointAttN, SnowflakeNet

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/completion_attention.json").read_text())


@torch.no_grad()
def of_known_weights(network):
    """Every number of a network from a formula, so that no file of weights is needed."""
    for turn, tensor in enumerate([*network.parameters(), *network.buffers()]):
        if tensor.is_floating_point():
            count = torch.arange(tensor.numel(), dtype=torch.float64)
            number = (torch.sin(count * 12.9898 + turn) * 43758.5453).frac().reshape(tensor.shape)
            tensor.copy_(number / tensor.shape[1] ** 0.5 if tensor.ndim > 1 else 1 + number / 2)
    return network.eval().double()


def cloud_of_known_points():
    """The first point lies far from all others: there this library and the releases both begin to sample."""
    t = torch.arange(2048, dtype=torch.float64)
    x = torch.stack((torch.sin(1.3 * t), torch.sin(2.1 * t + 1), torch.sin(3.7 * t + 2)), -1)
    x[0] = 4
    return x[None]


def check(made, facts):
    assert len(made) == len(facts)
    for cloud, fact in zip(made, facts, strict=True):
        found = torch.cat((cloud.mean()[None], cloud.std(correction=0)[None], cloud[0, 7], cloud[0, -1]))
        torch.testing.assert_close(found, torch.tensor(fact, dtype=torch.float64), rtol=1e-7, atol=1e-7)


@torch.no_grad()
def test_pointattn():
    network = of_known_weights(PointAttN())
    x = cloud_of_known_points()
    code = network.encoder(x)
    # Part by part: the release starts the merge at the first point of the input, this library at the first seed.
    middle = network.refine[0](x[:, :96], code)
    check([network.seeds(code), middle, network.refine[1](middle, code)], GOLDEN["pointattn"])


@torch.no_grad()
def test_snowflake():
    check(of_known_weights(SnowflakeNet(radius=2.0))(cloud_of_known_points()), GOLDEN["snowflake"])
