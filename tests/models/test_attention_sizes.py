"""PointAttN and SnowflakeNet at the sizes of their releases: parameters added up by hand, one run."""

import itertools

import pytest
import torch

from pcl_lib.models import PointAttN, SnowflakeNet, parameter_count
from pcl_lib.models._completion.attention import PointTransformer, SkipTransformer
from pcl_lib.models._completion.pointattn import AttentionEncoder
from pcl_lib.models._completion.snowflake import NeighbourEncoder
from tests.models.networks import clouds


def layers(*sizes):
    return sum(a * b + b for a, b in itertools.pairwise(sizes))


# ohhhyeahhh/PointAttN models/PointAttN.py, cross_transformer: projection, attention, two layers, two layer norms.
def block(a, b):
    return layers(a, b) + 4 * layers(b, b) + layers(b, 1024, b) + 4 * b


def refinement(up):
    attention = block(256, 512) + block(512, 512) + block(512, 128 * up)
    end = layers(128 * up, 128 * up) + layers(256, 128, 64, 3)
    return layers(3, 64, 128) + layers(512, 256, 128) + attention + end


POINTATTN_ENCODER = layers(3, 64, 64) + sum(block(w, w) for w in (64, 128, 128, 256, 256, 512))
POINTATTN_SEEDS = (
    layers(512, 512) + 512 * 64 * 128 + 64 + layers(64, 512) + 3 * block(512, 512) + layers(256, 64, 3)
)
POINTATTN = POINTATTN_ENCODER + POINTATTN_SEEDS


# AllenXiangX/SnowflakeNet models/model.py, models/utils.py and models/skip_transformer.py.
def residual(a, hidden, b):
    return layers(a, hidden, b) + layers(a, b)


def to_neighbours(w):
    return layers(3, 64, w) + 2 * 64 + layers(w, 4 * w, w) + 2 * 4 * w


def transformer(a):
    return layers(a, 64) + 3 * layers(64, 64) + to_neighbours(64) + layers(64, a)


SKIP = residual(256, 128, 128) + 3 * layers(128, 64) + to_neighbours(64) + layers(64, 128)
SNOWFLAKE_ENCODER = (
    layers(6, 64, 128) + transformer(128) + layers(131, 128, 256) + transformer(256) + layers(259, 512, 512)
)
SNOWFLAKE_SEEDS = (
    512 * 128 * 256 + 128 + 2 * residual(640, 128, 128) + residual(128, 64, 128) + layers(128, 64, 3)
)


def deconvolution(up):
    features = layers(3, 64, 128) + layers(768, 256, 128) + SKIP + layers(128, 64, 32)
    return features + 32 * 128 * up + residual(256, 128, 128) + layers(128, 64, 3)


SNOWFLAKE = SNOWFLAKE_ENCODER + SNOWFLAKE_SEEDS + sum(deconvolution(up) for up in (1, 4, 8))
COUNTS = {
    "pointattn": (PointAttN, POINTATTN + refinement(4) + refinement(8), 36_662_793),
    "pointattn for Completion3D": (
        lambda: PointAttN(up=(1, 4)),
        POINTATTN + refinement(1) + refinement(4),
        29_198_217,
    ),
    "encoder of pointattn": (AttentionEncoder, POINTATTN_ENCODER, 4_926_912),
    "snowflake": (SnowflakeNet, SNOWFLAKE, 19_317_612),
    "encoder of snowflake": (NeighbourEncoder, SNOWFLAKE_ENCODER, 605_376),
    "point transformer": (lambda: PointTransformer(128, 64), transformer(128), 67_200),
    "skip transformer": (lambda: SkipTransformer(128, 64), SKIP, 153_536),
}


@pytest.mark.parametrize("name", COUNTS)
def test_as_many_parameters_as_the_release(name):
    build, by_layers, number = COUNTS[name]
    with torch.device("meta"):
        network = build()
    assert by_layers == number
    assert parameter_count(network) == number


def test_the_published_count():
    # SeedFormer (ECCV 2022), its table of complexity: SnowflakeNet has 19.32 M parameters.
    with torch.device("meta"):
        network = SnowflakeNet()
    assert round(parameter_count(network) / 1e6, 2) == 19.32


@pytest.mark.slow
@pytest.mark.parametrize("build", [PointAttN, SnowflakeNet])
def test_paper_sizes_run(build):
    torch.manual_seed(0)
    network = build().eval()
    with torch.no_grad():
        made = network(clouds(1, 2048))
    assert [tuple(cloud.shape) for cloud in made] == [(1, n, 3) for n in network.stages]
    assert network.stages[-2:] == (2048, 16384)
    assert all(torch.isfinite(cloud).all() for cloud in made)
