"""Every public function and network, as a job on a device: (device) to tensors there, or to plain numbers.

Inputs are drawn on the CPU, so that a job has the same on every device. A new public function without a job fails
`test_public.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pcl_lib import distances, losses, metrics, models, neighbors
from pcl_lib.distances import chamfer
from pcl_lib.models import AbstractionStage, Scale
from tests.device.assignments import ASSIGNMENTS
from tests.device.coding import CODED, RATES
from tests.device.dpcc import DPCC_LOSSES, DPCC_NETWORKS
from tests.device.fields import FIELDS
from tests.device.neuralqaad import linear_code, neuralqaad
from tests.device.scores import SCORES
from tests.distances.test_every import EVERY

Job = Callable[[torch.device], Any]
STAGES = (
    AbstractionStage(16, (Scale(0.8, 6, (8, 16)),)),
    AbstractionStage(4, (Scale(1.5, 4, (16, 16)),)),
)
ONE_SIDED = partial(chamfer, combine="forward")


def clouds(device: torch.device, *sizes: int, count: int = 3, grad: bool = False) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    made = (torch.rand(count, n, 3, generator=generator) for n in sizes)
    return tuple(cloud.to(device).requires_grad_(grad) for cloud in made)


def of_pair(function: Callable[..., Any], *, gradient: bool = False) -> Job:
    """A function of two clouds: its value, and its gradients where it is a loss."""

    def job(device: torch.device) -> Any:
        x, y = clouds(device, 40, 40, grad=gradient)
        value = function(x, y)
        return (value, *torch.autograd.grad(value.sum(), (x, y))) if gradient else value

    return job


def of_network(make: Callable[[], nn.Module], *inputs: int | Tensor) -> Job:
    """A network in training: what it makes of the inputs, and the gradient of its first weight.

    An input is the number of points of a cloud, or a tensor.
    """

    def job(device: torch.device) -> Any:
        torch.manual_seed(0)
        network = make().to(device)
        given = [clouds(device, i)[0] if isinstance(i, int) else i.to(device) for i in inputs]
        torch.manual_seed(0)
        made = network(*given)
        flat = [made] if isinstance(made, Tensor) else [t for t in made if t.is_floating_point()]
        sum(t.square().sum() for t in flat).backward()
        weight = next(p for p in network.parameters() if p.grad is not None)
        return (*flat, weight.grad)

    return job


def of_loss(make: Callable[[], nn.Module]) -> Job:
    """A learned loss in one step of its own and of its task: values, and gradients of its weights and of the cloud."""

    def job(device: torch.device) -> Any:
        torch.manual_seed(0)
        loss = make().to(device)
        y, x = clouds(device, 40, 40)
        y.requires_grad_()
        torch.manual_seed(0)
        own = loss.own(y.detach(), x)
        own.sum().backward()
        task = loss.task(y, x)
        (pull,) = torch.autograd.grad(task.sum(), y)
        assert all(p.grad.device == p.device for p in loss.parameters() if p.grad is not None)
        return own, task, pull

    return job


def staged(function: Callable[..., Tensor]) -> Job:
    def job(device: torch.device) -> Any:
        *stages, truth, part = clouds(device, 10, 20, 40, 30)
        return function(stages, truth, part)

    return job


def flat(size: int) -> Tensor:
    return torch.randn(3, size, generator=torch.Generator().manual_seed(0))


def _on(*sizes: int, of: Callable[..., Any]) -> Job:
    return lambda device: of(*clouds(device, *sizes))


def _local(decoder: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    return lambda: nn.Sequential(models.LocalEncoder(STAGES, (16,)), decoder())


def _gap(device: torch.device) -> Any:
    weight = flat(3).to(device).requires_grad_()
    a, b = weight.square().sum(), weight.exp().sum()
    gap = losses.gradient_gap(a, b, [weight])
    return losses.flat_gradient(a, [weight]), losses.gradient_norms(torch.stack((a, b)), [weight]), gap


def _penalty(penalty: Callable[..., Tensor]) -> Job:
    """A gradient penalty, and its gradient by the first weight of the critic."""

    def job(device: torch.device) -> Any:
        torch.manual_seed(0)
        critic = models.LatentCritic(5, widths=(8,)).to(device)
        torch.manual_seed(0)
        value = penalty(critic, flat(5).to(device), flat(5).flip(0).to(device))
        return value, torch.autograd.grad(value, next(critic.parameters()))

    return job


def _curve(device: torch.device) -> Any:
    z = losses.gradient_weight_of(torch.tanh)(torch.linspace(0, 1, 50).to(device))
    fits = losses.gradient_matching(("landau",))
    error = losses.matching_error(torch.exp, distances=torch.linspace(0.1, 1, 9).to(device))
    return z, error, fits[0].error


def _with_normals(device: torch.device) -> Tensor:
    x, y, normals = clouds(device, 40, 40, 40)
    return metrics.d2_psnr(x, y, nn.functional.normalize(normals, dim=-1), peak=1.0)


def _table(device: torch.device) -> Tensor:
    table = models.PointTable(*clouds(torch.device("cpu"), 20)).to(device)
    return table(torch.tensor([2, 0]))


def _abstraction() -> nn.Module:
    return models.SetAbstraction(STAGES[0])


def _atlas() -> nn.Module:
    return models.atlas_net_v2("points", 8, 30, patches=5, widths=(32, 16))


def _pulled(x: Tensor, sigma: float | Tensor) -> Tensor:
    return -0.1 * x


LEVELS = (0.5, 0.1)
GRADIENT = {*EVERY} - {"f_score", "transport_plan"}
_LOCAL = {"centres": 4, "features": 16, "widths": (16,)}
_SMALL = {"points": (16,), "widths": (32,)}

JOBS: dict[str, dict[str, Job]] = {
    "distances": {
        **{name: of_pair(one, gradient=name in GRADIENT) for name, one in EVERY.items()},
        **{
            name: of_pair(partial(getattr(distances, name), sigma=0.2), gradient=True)
            for name in ("displacement", "log_density", "score")
        },
        **ASSIGNMENTS,
    },
    "neighbors": {
        "farthest_points": _on(40, of=lambda x: neighbors.farthest_points(x, 9)),
        "knn": of_pair(lambda x, y: neighbors.knn(x, y, 3)),
        "nearest": of_pair(neighbors.nearest),
        "nearest_each_way": of_pair(lambda x, y: sum(neighbors.nearest_each_way(x, y), ())),
        "pad_clouds": _on(9, 5, of=lambda x, y: neighbors.pad_clouds([x[0], y[0]])),
        "soft_nearest": of_pair(lambda x, y: neighbors.soft_nearest(x, y, 0.2)),
        "radius": of_pair(lambda x, y: neighbors.radius(x, y, 0.3)),
    },
    "losses": {
        "CALoss": of_loss(losses.CALoss),
        "PCLoss": of_loss(lambda: losses.PCLoss(anchors=8)),
        "LeastSquaresLoss": of_loss(lambda: losses.LeastSquaresLoss(losses.PFNetCritic(), weight=0.1)),
        **{name: of_loss(getattr(losses, name)) for name in ("crnd", "pfd", "pud")},
        **{
            name: of_network(getattr(losses, name), 40)
            for name in ("CRNCritic", "PFNetCritic", "PUGANCritic")
        },
        "adaptive_pooling": lambda device: losses.adaptive_pooling(*clouds(device, 40), flat(3).to(device)),
        "folding_loss": staged(
            lambda stages, truth, _: losses.folding_loss(stages[-1:], truth, loss=chamfer)
        ),
        "pcn_loss": staged(
            lambda stages, truth, _: losses.pcn_loss(stages[:2], truth, loss=chamfer, alpha=0.5)
        ),
        "pointattn_loss": staged(lambda stages, truth, _: losses.pointattn_loss(stages, truth, loss=chamfer)),
        "snowflake_loss": staged(
            lambda stages, truth, part: losses.snowflake_loss(
                stages, truth, loss=chamfer, partial=part, partial_loss=ONE_SIDED
            )
        ),
        "denoising_loss": _on(40, of=lambda x: losses.denoising_loss(_pulled, x, LEVELS, seed=0)),
        "denoising_by_level": _on(40, of=lambda x: losses.denoising_by_level(_pulled, x, LEVELS, seed=0)),
        "excess_loss": _on(40, of=lambda x: losses.excess_loss(_pulled, x, LEVELS, x)),
        **dict.fromkeys(("flat_gradient", "gradient_gap", "gradient_norms"), _gap),
        **RATES,
        **DPCC_LOSSES,
        "gaussian_kl": lambda device: losses.gaussian_kl(flat(5).to(device), flat(5).flip(0).to(device)),
        **{name: _penalty(getattr(losses, name)) for name in ("interpolate_penalty", "zero_centred_penalty")},
        **dict.fromkeys(("gradient_weight_of", "gradient_matching", "matching_error"), _curve),
    },
    "metrics": {
        **{name: of_pair(getattr(metrics, name)) for name in ("half_sum_hausdorff", "cd_l1", "cd_l2")},
        **{name: of_pair(getattr(metrics, name)) for name in ("f1_at_1_percent", "fidelity", "kitti_mmd")},
        **{name: of_pair(getattr(metrics, name)) for name in ("approximate_emd", "annealed_matching")},
        **{name: of_pair(getattr(metrics, name)) for name in ("density_difference", "mesh_accuracy")},
        "mcd": of_pair(lambda x, y: metrics.mcd(x, y, sizes=(4, 8), centres=8)),
        "local_chamfer": of_pair(lambda x, y: metrics.local_chamfer(x, y, 4, centres=8)),
        "d1_psnr": of_pair(lambda x, y: metrics.d1_psnr(x, y, peak=1.0)),
        "d2_psnr": _with_normals,
        "largest_spacing": _on(40, of=metrics.largest_spacing),
        "uniformity": _on(300, of=lambda x: metrics.uniformity(x, area=1.0, percentages=(0.05,), seeds=8)),
        "pairwise": _on(12, 12, of=lambda x, y: metrics.pairwise(x, y)),
        **SCORES,
        "generation_scores": _on(12, 12, of=lambda x, y: metrics.generation_scores(x, y)),
    },
    "models": {
        "DGCNN": of_network(lambda: models.DGCNN((8, 16), 16, (12, 8), k=5), 40),
        "EdgeConv": of_network(lambda: models.EdgeConv(3, 8, k=4), 40),
        "MLP": of_network(lambda: models.MLP(3, (8, 4)), 40),
        "PatchMLP": of_network(
            lambda: models.PatchMLP(1, 8, (8, 3)), flat(5).T[None], flat(15).reshape(1, 3, 3, 5)
        ),
        "PointNet": of_network(lambda: models.PointNet((16, 8)), 40),
        "PointNet2": of_network(lambda: models.PointNet2(STAGES, (16,), (12, 8)), 40),
        "StackedPointNet": of_network(lambda: models.StackedPointNet(8, points=((8, 8), (8,))), 40),
        "SetAbstraction": of_network(_abstraction, 40),
        "LocalEncoder": of_network(lambda: models.LocalEncoder(STAGES, (16,)), 40),
        "LocalFoldingDecoder": of_network(_local(lambda: models.LocalFoldingDecoder(24, **_LOCAL)), 40),
        "LocalFullyConnectedDecoder": of_network(
            _local(lambda: models.LocalFullyConnectedDecoder(24, **_LOCAL)), 40
        ),
        "FullyConnectedDecoder": of_network(
            lambda: models.FullyConnectedDecoder(8, 24, widths=(16,)), flat(8)
        ),
        "FoldingDecoder": of_network(lambda: models.FoldingDecoder(8, 24, widths=(16, 16)), flat(8)),
        "AtlasDecoder": of_network(
            lambda: models.AtlasDecoder(8, 24, surface="sphere", widths=(16, 8)).eval(), flat(8)
        ),
        "AtlasV2Decoder": of_network(
            lambda: models.AtlasV2Decoder(8, 24, patches=4, widths=(16, 8), deform=(8,)), flat(8)
        ),
        "GradientDecoder": of_network(
            lambda: models.GradientDecoder(8, hidden=16, blocks=1), 40, flat(8), torch.tensor([0.1, 0.2, 0.3])
        ),
        "annealed_langevin": _on(40, of=lambda x: models.annealed_langevin(_pulled, x, LEVELS)),
        "PCN": of_network(lambda: models.PCN(8, 6, 2, points=((8,), ()), widths=(16,), fold=(8,)), 40),
        "FoldingCompletion": of_network(
            lambda: models.FoldingCompletion(8, 24, points=((8,), ()), widths=(16,)), 40
        ),
        "PointAttN": of_network(
            lambda: models.PointAttN(8, 16, (2, 2), width=4, heads=2, centres=(8, 4, 2)), 40
        ),
        "SnowflakeNet": of_network(
            lambda: models.SnowflakeNet(8, 8, 16, (1, 2), width=8, centres=(8, 4), k=4), 40
        ),
        "AutoEncoder": of_network(
            lambda: models.AutoEncoder(
                models.PointNet((16, 8)), models.FullyConnectedDecoder(8, 24, widths=(16,))
            ),
            40,
        ),
        "GaussianEncoder": of_network(lambda: models.GaussianEncoder(models.PointNet((16, 8))).eval(), 40),
        "LatentGenerator": of_network(lambda: models.LatentGenerator(8, noise_dim=5, widths=(16,)), flat(5)),
        "LatentCritic": of_network(lambda: models.LatentCritic(8, widths=(16,)), flat(8)),
        "PointGenerator": of_network(lambda: models.PointGenerator(24, noise_dim=5, widths=(16,)), flat(5)),
        "PointCritic": of_network(lambda: models.PointCritic(points=(8, 16), head=(8,)), 40),
        "LinearCode": linear_code,
        "NeuralQAAD": neuralqaad,
        "PointTable": _table,
        **FIELDS,
        **CODED,
        **DPCC_NETWORKS,
        "ae": of_network(lambda: models.ae(8, 24, **_SMALL), 40),
        "folding_net": of_network(lambda: models.folding_net(8, 24, **_SMALL), 40),
        "lae": of_network(lambda: models.lae(24, stages=STAGES, refine=(16,), widths=(16,)), 40),
        "lfolding": of_network(lambda: models.lfolding(24, stages=STAGES, refine=(16,), widths=(16,)), 40),
        "atlas_net": of_network(
            lambda: models.atlas_net("squares", 8, 24, patches=4, widths=(16, 8)).eval(), 40
        ),
        "atlas_net_v2": of_network(_atlas, 40),
        "atlas_encoder": of_network(lambda: models.atlas_encoder(8), 40),
        "caloss_pointnet2": of_network(lambda: models.caloss_pointnet2(8), 600),
        "shapegf_encoder": of_network(lambda: models.shapegf_encoder(8), 40),
    },
}
# Of plain numbers and of what is made on the CPU by design: they have nothing to do with a device.
NO_DEVICE = {
    "losses": {"curvature", "distance_of_pull", "pcn_alpha", "with_curvature"},
    "metrics": {"bjontegaard_rate"},
    "models": {
        "camera_rays",
        "compression_ratio",
        "langevin_start",
        "noise_levels",
        "parameter_count",
        "square_grid",
        "sphere_grid",
    },
}
PACKAGES = {
    module.__name__.rpartition(".")[2]: module for module in (distances, losses, metrics, models, neighbors)
}
