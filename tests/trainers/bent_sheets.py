"""A small data set of consistent clouds, and what trains on it by QAAD."""

import torch

from pcl_lib.models import NeuralQAAD, PointNet
from pcl_lib.trainers import QAAD, Assignments, fit

SHAPES, POINTS, PATCHES = 6, 64, 4
STEPS, FIRST = 16, 4
STILL = 1e-40  # a rate at which nothing moves; SparseAdam takes no 0


def bent(shapes=SHAPES, points=POINTS, seed=0):
    """Sheets, each bent by another amount; the same places, in another order for each."""
    generator = torch.Generator().manual_seed(seed)
    u = 2 * torch.rand(points, 2, generator=generator) - 1
    bend = torch.linspace(-1, 1, shapes)[:, None]
    clouds = torch.stack([u[:, 0].expand(shapes, -1), u[:, 1].expand(shapes, -1), bend * u[:, 0] ** 2], 2)
    order = torch.stack([torch.randperm(points, generator=generator) for _ in range(shapes)])
    return clouds.gather(1, order[..., None].expand(-1, -1, 3)), order


CLOUDS, ORDER = bent()


def parts(clouds=CLOUDS):
    torch.manual_seed(0)
    model = NeuralQAAD(
        len(clouds), clouds.shape[1], 2, PATCHES, trunk=(16, 16), heads=(8, 3), start=clouds[0]
    )
    return model, PointNet((16, 8), (2,), end="linear")


def method(clouds=CLOUDS, assignments=None, **options):
    model, encoder = parts(clouds)
    table = assignments or Assignments(*clouds.shape[:2])
    return QAAD(model, encoder, clouds, table, **{"steps": STEPS, "points": 16, "rate": 0.01} | options)


def train(one, data=CLOUDS, steps=STEPS, **options):
    return fit(one, data, batch_size=3, steps=steps, **{"log_every": 1, "progress": False} | options)
