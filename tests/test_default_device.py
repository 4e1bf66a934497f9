"""Clouds on the CPU, whatever torch's default device is: "meta", which has no values, stands for a GPU.

A tensor made without `device=` lands there, and cannot meet the clouds. Answers are those of an ordinary process.
"""

import dataclasses
import inspect

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from pcl_lib import distances, metrics, models, neighbors
from pcl_lib.data import transforms
from pcl_lib.losses import (
    folding_loss,
    gradient_matching,
    pcn_loss,
    pointattn_loss,
    snowflake_loss,
)
from pcl_lib.trainers import Reconstruction, fit
from tests.distances.test_every import ASSIGNMENTS
from tests.models.networks import AUTOENCODERS, CODE, DECODERS, ENCODERS

CPU = torch.device("cpu")


def draw(*shape, seed):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), device=CPU)


X, Y = draw(2, 40, 3, seed=0), draw(2, 40, 3, seed=1)
CODES = draw(3, CODE, seed=2)
NORMALS = nn.functional.normalize(draw(2, 40, 3, seed=3) - 0.5, dim=-1)
MATRIX = draw(4, 5, seed=4)


@pytest.fixture
def elsewhere():
    """Runs a function in a process whose default device is not the CPU."""

    def run(function):
        torch.set_default_device("meta")
        try:
            return function()
        finally:
            torch.set_default_device(None)

    return run


def tensors(value):
    """All tensors of an answer, and its other values as tensors."""
    if isinstance(value, Tensor):
        return [value.detach()]
    if isinstance(value, np.ndarray | int | float):
        return [torch.as_tensor(value, device=CPU)]
    if dataclasses.is_dataclass(value):
        value = [getattr(value, field.name) for field in dataclasses.fields(value)]
    if isinstance(value, tuple | list):
        return [each for part in value for each in tensors(part)]
    return []


def same_there(elsewhere, function):
    expected, found = tensors(function()), tensors(elsewhere(function))
    assert expected
    assert len(found) == len(expected)
    for a, b in zip(expected, found, strict=True):
        assert b.device == CPU
        torch.testing.assert_close(b, a, rtol=0, atol=0, equal_nan=True)


def with_gradient(function):
    def run():
        x = X.clone().requires_grad_()
        value = function(x, Y)
        total = value if isinstance(value, Tensor) else value.value
        total.sum().backward()
        return value, x.grad

    return run


DISTANCES = {
    "auction": distances.auction,
    "auction, one eps": lambda x, y: distances.auction(x, y, eps=0.01),
    "auction, many points": lambda x, y: distances.auction(x.repeat(1, 8, 1), y.repeat(1, 8, 1)),
    "chamfer": distances.chamfer,
    "dcd": distances.dcd,
    "displacement": lambda x, y: distances.displacement(x, y, 0.2),
    "em_kd": lambda x, y: distances.em_kd(x, y, leaf_size=8),
    "em_kd, auction": lambda x, y: distances.em_kd(x, y, leaf_size=8, leaves="auction"),
    "emd": distances.emd,
    "hausdorff": distances.hausdorff,
    "hyper_cd": distances.hyper_cd,
    "info_cd": distances.info_cd,
    "log_density": lambda x, y: distances.log_density(x, y, 0.2),
    "score": lambda x, y: distances.score(x, y, torch.tensor([0.2, 0.4], device=CPU)),
    "released_landau_cd": distances.released_landau_cd,
    "sinkhorn": lambda x, y: distances.sinkhorn(x, y, blur=0.05),
    "transport_plan": distances.transport_plan,
    "truncated_cd": lambda x, y: distances.truncated_cd(x, y, threshold=0.1),
    "weighted_chamfer": distances.weighted_chamfer,
}
NO_GRADIENT = {"f_score": lambda: distances.f_score(X, Y, 0.1)}


def test_every_distance_is_here():
    public = {name for name in distances.__all__ if inspect.isfunction(getattr(distances, name))}
    assert public <= {name.split(",")[0] for name in (*DISTANCES, *NO_GRADIENT, *ASSIGNMENTS)}


@pytest.mark.parametrize("name", DISTANCES)
def test_distances(elsewhere, name):
    same_there(elsewhere, lambda: DISTANCES[name](X, Y))
    same_there(elsewhere, with_gradient(DISTANCES[name]))


def test_f_score(elsewhere):
    same_there(elsewhere, NO_GRADIENT["f_score"])


@pytest.mark.parametrize("name", distances.WEIGHTS)
def test_weights(elsewhere, name):
    same_there(elsewhere, with_gradient(lambda x, y: distances.weighted_chamfer(x, y, weight=name)))
    family = type(distances.WEIGHTS[name])
    numbers = dataclasses.astuple(distances.WEIGHTS[name])
    same_there(elsewhere, lambda: family(*numbers)(X[0, :, 0]))


@pytest.mark.parametrize("backend", ["kdtree", "dense"])
def test_neighbours(elsewhere, backend):
    same_there(elsewhere, lambda: tuple(neighbors.nearest(X, Y, backend=backend)))
    same_there(
        elsewhere, lambda: tuple(tuple(way) for way in neighbors.nearest_each_way(X, Y, backend=backend))
    )
    same_there(elsewhere, lambda: tuple(neighbors.knn(X, Y, k=4, backend=backend)))
    same_there(elsewhere, lambda: tuple(neighbors.radius(X, Y, r=0.3, max_neighbors=6, backend=backend)))


@pytest.mark.parametrize("backend", ["kdtree", "dense"])
def test_soft_neighbours(elsewhere, backend):
    same_there(elsewhere, with_gradient(lambda x, y: neighbors.soft_nearest(x, y, 0.2, backend=backend).mean))


def test_farthest_points(elsewhere):
    same_there(elsewhere, lambda: neighbors.farthest_points(X, 7))


RATES = [1.0, 2.0, 4.0, 8.0, 16.0]
METRICS = {
    "mcd": lambda: metrics.mcd(X, Y, sizes=(4, 8), centres=16),
    "local_chamfer": lambda: metrics.local_chamfer(X, Y, k=4, centres=16),
    "half_sum_hausdorff": lambda: metrics.half_sum_hausdorff(X, Y),
    "cd_l1": lambda: metrics.cd_l1(X, Y),
    "cd_l2": lambda: metrics.cd_l2(X, Y),
    "f1_at_1_percent": lambda: metrics.f1_at_1_percent(X, Y),
    "fidelity": lambda: metrics.fidelity(X, Y),
    "kitti_mmd": lambda: metrics.kitti_mmd(X, Y),
    "pairwise": lambda: metrics.pairwise(X, Y),
    "minimum_matching_distance": lambda: metrics.minimum_matching_distance(MATRIX),
    "coverage": lambda: metrics.coverage(MATRIX),
    "one_nn_accuracy": lambda: metrics.one_nn_accuracy(MATRIX[:4, :4], MATRIX[:4, :4].mT, MATRIX[:4, :4]),
    "generation_scores": lambda: metrics.generation_scores(X, Y),
    "approximate_emd": lambda: metrics.approximate_emd(X, Y),
    "annealed_matching": lambda: metrics.annealed_matching(X, Y),
    "d1_psnr": lambda: metrics.d1_psnr(X, Y, peak=1.0),
    "d2_psnr": lambda: metrics.d2_psnr(X, Y, NORMALS, peak=1.0),
    "largest_spacing": lambda: metrics.largest_spacing(X),
    "density_difference": lambda: metrics.density_difference(X, Y),
    "uniformity": lambda: metrics.uniformity(X, area=1.0, percentages=(0.2,), seeds=5),
    "mesh_accuracy": lambda: metrics.mesh_accuracy(X, Y),
    "bjontegaard_rate": lambda: metrics.bjontegaard_rate([RATES], [RATES], [RATES[1:]], [RATES[:-1]]),
}


def test_every_metric_is_here():
    public = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert public == METRICS.keys()


@pytest.mark.parametrize("name", METRICS)
def test_metrics(elsewhere, name):
    same_there(elsewhere, METRICS[name])


TRANSFORMS = {
    "unit_sphere": lambda: transforms.unit_sphere(X),
    "bounding_box": lambda: transforms.bounding_box(X),
    "caloss_test_normalization": lambda: transforms.caloss_test_normalization(X),
    "shapegf_normalization": lambda: transforms.shapegf_normalization(X),
    "shapegf_training_points": lambda: transforms.shapegf_training_points(X, 9, pool=20, seed=0),
    "shapegf_test_points": lambda: transforms.shapegf_test_points(X, 9, start=3),
    "random_subset": lambda: transforms.random_subset(X, 9, seed=0),
    "farthest_point_subset": lambda: transforms.farthest_point_subset(X, 9),
    "resample": lambda: transforms.resample(X, 60, seed=0),
    "jitter": lambda: transforms.jitter(X, seed=0),
    "random_rotation": lambda: transforms.random_rotation(X, axis="any", seed=0),
    "random_rotation about z": lambda: transforms.random_rotation(X, seed=0),
    "a generator": lambda: transforms.jitter(X, seed=torch.Generator().manual_seed(1)),
}


def test_every_transform_is_here():
    public = {
        name
        for name, each in vars(transforms).items()
        if inspect.isfunction(each) and each.__module__ == transforms.__name__ and not name.startswith("_")
    }
    assert public <= TRANSFORMS.keys()


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(elsewhere, name):
    same_there(elsewhere, TRANSFORMS[name])


NETWORKS = {
    **{name: (make, X) for name, make in (ENCODERS | AUTOENCODERS).items()},
    **{name: (make, CODES) for name, make in DECODERS.items()},
    "PCN": (lambda: models.PCN(16, 8, 2, points=((16,), ()), widths=(32,), fold=(16,)), X),
    "FoldingCompletion": (lambda: models.FoldingCompletion(16, 60, points=((16,), ()), widths=(16,)), X),
    "PointAttN": (lambda: models.PointAttN(8, 16, (2, 3), width=4, heads=2, centres=(16, 8, 6)), X),
    "SnowflakeNet": (
        lambda: models.SnowflakeNet(16, 8, 16, (1, 2, 3), width=16, centres=(16, 8), k=5),
        X,
    ),
}


@pytest.mark.parametrize("mode", ["train", "eval"])
@pytest.mark.parametrize("name", NETWORKS)
def test_networks(elsewhere, name, mode):
    make, given = NETWORKS[name]
    torch.manual_seed(0)
    network = make()
    network.train(mode == "train")

    def run():
        torch.manual_seed(1)
        network.zero_grad()
        made = network(given)
        last = made[-1] if isinstance(made, tuple) else made
        last = last if isinstance(last, Tensor) else last.features
        last.square().sum().backward()
        return made, [p.grad.clone() for p in network.parameters() if p.grad is not None]

    expected = run()
    found = elsewhere(run)
    for a, b in zip(tensors(expected), tensors(found), strict=True):
        assert b.device == CPU
        torch.testing.assert_close(b, a)


STAGED = {
    "pcn_loss": lambda: pcn_loss((X, Y), Y, loss=distances.chamfer, alpha=0.5),
    "folding_loss": lambda: folding_loss((X,), Y, loss=distances.chamfer),
    "pointattn_loss": lambda: pointattn_loss((X[:, :9], Y), Y, loss=distances.chamfer),
    "snowflake_loss": lambda: snowflake_loss(
        (X[:, :9], Y), Y, loss=distances.chamfer, partial=X, partial_loss=distances.chamfer
    ),
}


@pytest.mark.parametrize("name", STAGED)
def test_losses(elsewhere, name):
    same_there(elsewhere, STAGED[name])


@pytest.mark.parametrize("distances_given", [False, True])
def test_gradient_matching(elsewhere, distances_given):
    options = {"distances": draw(9, seed=5).double()} if distances_given else {}
    grids = {"landau": {}, "normal": {"sigma": [0.5, 1.0]}}
    same_there(
        elsewhere,
        lambda: [
            (each.error, each.curve, each.reference)
            for each in gradient_matching(["landau", "normal"], grids=grids, **options)
        ],
    )


class Noisy(Reconstruction):
    """Draws without saying where, as most methods do."""

    def step(self, batch, index, engine):
        return super().step(batch + 0.01 * torch.randn(batch.shape), index, engine)


@pytest.mark.parametrize("optimizer", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("precision", ["32-true", "64-true", "bf16-mixed"])
def test_training(elsewhere, tmp_path, precision, optimizer):
    folders = iter(("here", "there"))

    def run():
        home = tmp_path / next(folders)
        with CPU:
            torch.manual_seed(0)
            network = AUTOENCODERS["atlas_net squares"](40)
        for steps in (2, 4):
            method = Noisy(network, distances.chamfer, optimizer(network.parameters(), lr=1e-3))
            history = fit(
                method,
                draw(8, 40, 3, seed=6),
                batch_size=4,
                steps=steps,
                ema=0.9,
                clip=1.0,
                folder=home,
                log_every=1,
                progress=False,
                fabric=Fabric(accelerator="cpu", devices=1, precision=precision),
            )
        return history.column("loss"), [*history.averages["model"].parameters()]

    same_there(elsewhere, run)
