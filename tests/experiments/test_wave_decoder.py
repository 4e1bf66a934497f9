"""The decoder of one shape that sees waves, and the field that it learns live."""

import math

import pytest
import torch

from pcl_lib.data import digits
from pcl_lib.experiments.gradient_fields import levels
from pcl_lib.losses import denoising_by_level
from pcl_lib.models import GradientDecoder


def test_it_is_the_decoder_of_points_joined_to_their_waves():
    torch.manual_seed(0)
    decoder = levels.WaveDecoder(2, waves=3, hidden=8, blocks=1).eval()
    points = torch.rand(1, 6, 2) - 0.5
    columns = [points]
    for length in (4, 2, 1):
        columns += [(2 * math.pi / length * points).sin(), (2 * math.pi / length * points).cos()]
    whole = GradientDecoder.forward(decoder, torch.cat(columns, -1), None, 0.1)
    torch.testing.assert_close(decoder(points, None, 0.1), whole[..., :2])
    torch.testing.assert_close(decoder.field()(points[0], 0.1), whole[0, :, :2])


@pytest.mark.slow
def test_a_learned_field_costs_less_than_none_and_leaves_random_numbers_alone():
    cloud = digits.sample(3, 512, seed=0).points
    state = torch.random.get_rng_state()
    field = levels.learned_field(cloud, [0.3, 0.1], steps=150)
    assert torch.equal(state, torch.random.get_rng_state())
    with torch.no_grad():
        learned = denoising_by_level(field, cloud, [0.3, 0.1], seed=0)
    assert (learned < 0.8).all()  # no field costs 1 at each level, the exact one 0.64 and 0.73
