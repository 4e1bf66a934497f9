"""What live code and the printed tables say of CALoss's claims on how losses see (its Sections 1, 3 and 4.2 to 4.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from scipy.optimize import brentq
from scipy.stats import spearmanr
from torch import Tensor, nn

from pcl_lib.data import synthetic
from pcl_lib.distances import chamfer, emd
from pcl_lib.experiments.claims import Claim, graded, share
from pcl_lib.experiments.learned_losses.published import (
    Count,
    against_cd_of_table_2,
    against_none_of_table_3,
    best_of_table_1,
)
from pcl_lib.losses import CALoss, PCLoss, adaptive_pooling
from pcl_lib.models import PointTable
from pcl_lib.trainers import FreeClouds, LearnedLoss, fit

BLIND = 0.01  # a measure that changes by less does not see a difference
CONSTANT = 0.05  # a weight that varies by less is a constant
MOST, SOME = 0.5, 0.25  # shares that "most" asks for, and a part of it
RANKED = 0.95  # a rank correlation above this "follows"
TREMBLE = 0.02  # deviation of the noise on a chair whose gradients are counted
EQUAL_WEIGHTS = 0.95  # of the entropy of equal weights: "roughly the same"


def claims_on_theory(page: str) -> list[Claim]:
    """Each claim with its number; `page` is the address of the chapter that shows it."""
    return [*_on_printed_tables(page), *_on_matching(page), *_on_pooling(page), *_on_the_fence(page)]


def trained(shapes: Tensor, *, steps: int = 300, seed: int = 0) -> tuple[CALoss, Tensor]:
    """A CALoss trained against free clouds that go to these shapes, and where these clouds are then."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        table, loss = PointTable.uniform(*shapes.shape[:2], seed=seed), CALoss()
    task = FreeClouds(table, loss, torch.optim.Adam(table.parameters(), lr=0.01))
    method = LearnedLoss(task, loss, torch.optim.Adam(loss.parameters(), lr=3e-3))
    fit(method, shapes, batch_size=len(shapes), steps=steps, seed=seed, progress=False)
    return loss, table.points.detach()


def same_distance(truth: Tensor, spoilt: Tensor, noise: Tensor) -> Tensor:
    """The truth with so much of the noise that its Chamfer distance is that of the spoilt cloud."""
    target = float(chamfer(spoilt, truth))
    size = brentq(lambda s: float(chamfer(truth + s * noise, truth)) - target, 0, float(truth.abs().max()))
    return truth + size * noise


def bytes_kept(loss: nn.Module, n: int, *, clouds: int = 2) -> int:
    """Bytes that one evaluation keeps for its gradient, beside the weights."""
    weights, kept = {w.data_ptr() for w in loss.parameters()}, {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    made = torch.rand(clouds, n, 3, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss(made, torch.rand(clouds, n, 3))
    return sum(kept.values())


def different(rows: Tensor) -> int:
    """How many rows differ, at a precision of a millionth of the largest number.

    >>> different(torch.tensor([[1.0], [1.0], [2.0]]))
    2
    """
    return len(torch.unique((rows / rows.abs().max() * 1e6).round(), dim=0))


def entropy(weights: Tensor) -> Tensor:
    """Of weights that sum to one, as a share of that of equal weights.

    >>> round(float(entropy(torch.full((8,), 1 / 8))), 4)
    1.0
    """
    return -(weights * weights.clamp(min=1e-30).log()).sum() / math.log(len(weights))


def sent_back(
    loss: CALoss, made: Tensor, truth: Tensor, pool: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """Gradients of the distance of one pair of clouds (N, D) by the features (N, C) and by the points (N, D).

    - `pool`: of features (B, N, C) and widths (B, C).
    """
    points = made[None].clone().requires_grad_(True)
    features = loss.points(points)
    features.retain_grad()
    of_truth = loss.points(truth[None]).detach()
    widths = loss.delta(of_truth)
    assert widths is not None
    apart = pool(features, widths.detach()) - pool(of_truth, widths.detach())
    apart.abs().sum().backward()
    assert features.grad is not None
    assert points.grad is not None
    return features.grad[0], points.grad[0]


def fence_weights(n: int, *, clouds: int = 256, sigma: float = 0.003) -> dict[str, Tensor]:
    """The weight of the fence for some clouds (B,) of n points, as "released" and "plain", as printed."""
    noise = sigma * torch.randn(clouds, n, 3, generator=torch.Generator().manual_seed(0))
    size = noise.abs().mean(-1)
    return {"released": (1 / size).mean(1), "plain": 1 / size.mean(1)}


def spread_of_weight(n: int) -> float:
    """How much the released weight of the fence varies between clouds of n points: deviation over mean."""
    weights = fence_weights(n)["released"]
    return float(weights.std() / weights.mean())


def _counted(words: str, where: str, found: Count, page: str) -> Claim:
    of = sum(found)
    return Claim(
        words,
        where,
        f"{found.best} of {of} strictly better, {found.tied} equal, {found.not_best} not, in the printed table",
        share(found.best / of, holds=MOST, part=SOME),
        f"{page}#the-claim",
    )


def _on_printed_tables(page: str) -> list[Claim]:
    return [
        _counted('"best performances in most conditions"', "4.2, Table 1", best_of_table_1(), page),
        _counted(
            '"most networks can achieve improvements" (codes)', "4.3, Table 2", against_cd_of_table_2(), page
        ),
        _counted(
            '"improvements in most conditions" (completion)', "4.4, Table 3", against_none_of_table_3(), page
        ),
    ]


def _chair() -> Tensor:
    points: Tensor = synthetic.sample("chair", 512, seed=3).points
    return points


def _on_matching(page: str) -> list[Claim]:
    chair, generator = _chair(), torch.Generator().manual_seed(0)
    x, y, z = chair.T
    leg = (z < -0.2) & (x > 0) & (y > 0)
    elsewhere = torch.randint(int((~leg).sum()), (int(leg.sum()),), generator=generator)
    broken = chair.clone()
    broken[leg] = chair[~leg][elsewhere]
    noisy = same_distance(chair, broken, torch.randn(chair.shape, generator=generator))
    cd = abs(float(chamfer(noisy, chair) / chamfer(broken, chair)) - 1)
    em = abs(float(emd(noisy, chair).value / emd(broken, chair).value) - 1)
    kept = {name: bytes_kept(loss, 2048) / bytes_kept(loss, 1024) for name, loss in _two_losses().items()}
    ratio = bytes_kept(PCLoss(), 2048) / bytes_kept(CALoss(), 2048)
    return [
        Claim(
            'CD and EMD "measure the distances between matched points instead of ... shapes"',
            "1",
            f"a trembling chair and one without a leg: CD differs by {100 * cd:.1g} %, EMD by {100 * em:.0f} %",
            graded(sum(change < BLIND for change in (cd, em)), 2),
            f"{page}#blind",
        ),
        Claim(
            'pooling "without any requirement of dense connections as PCLoss" improves the efficiency',
            "1",
            f"memory of a step with twice the points: {kept['PCLoss']:.2f} times (PCLoss), {kept['CALoss']:.2f} times "
            f"(CALoss); at 2,048 points PCLoss keeps {ratio:.2f} times as much",
            graded(sum((kept["PCLoss"] > 1.1 * kept["CALoss"], ratio > 1)), 2),
            f"{page}#pcloss",
        ),
    ]


def _two_losses() -> dict[str, nn.Module]:
    return {"PCLoss": PCLoss(), "CALoss": CALoss()}


def _shapes() -> Tensor:
    return torch.stack([synthetic.sample("chair", 256, seed=seed).points for seed in range(8)])


def _on_pooling(page: str) -> list[Claim]:
    loss, _ = trained(_shapes())
    chair = _chair()
    made = chair + TREMBLE * torch.randn(chair.shape, generator=torch.Generator().manual_seed(1))
    by_feature, _ = sent_back(loss, made, chair, adaptive_pooling)
    of_mean = [different(rows) for rows in sent_back(loss, made, chair, lambda f, _: f.mean(1))]
    with torch.no_grad():
        values = loss.points(chair[None])[0]
        values = values[:, values.var(0).argmax()]
    wide = entropy(torch.softmax(-((values - values.max()) ** 2) / 100, 0))
    return [
        Claim(
            '"each item in $F_g$, $F_p$ and $F_o$ can acquire various gradients"',
            "3.2",
            f"adaptive pooling: {different(by_feature)} different gradients at {len(chair)} points",
            graded(different(by_feature), len(chair)),
            f"{page}#sent-back",
        ),
        Claim(
            '"average pooling can only propagate same and indistinguishable gradients"',
            "4.8",
            f"a chair that trembles by {TREMBLE}: by the features {of_mean[0]} different, by the points {of_mean[1]}",
            graded(sum(number == 1 for number in of_mean), 2),
            f"{page}#sent-back",
        ),
        Claim(
            '"too large δ will result in roughly the same weighting"',
            "3.3",
            f"at a width of 100 the entropy is {100 * float(wide):.1f} % of that of equal weights",
            graded(int(wide > EQUAL_WEIGHTS), 1),
            f"{page}#widths",
        ),
    ]


def _on_the_fence(page: str) -> list[Claim]:
    shapes, generator = _shapes(), torch.Generator().manual_seed(2)
    loss, _ = trained(shapes)
    amounts = [0.003 * 2**k for k in range(7)]
    with torch.no_grad():
        noise = torch.randn(shapes.shape, generator=generator)
        apart = [float(loss(shapes + amount * noise, shapes).mean()) for amount in amounts]
    rank = float(spearmanr(amounts, apart).statistic)
    spread = spread_of_weight(2048)
    return [
        Claim(
            'similar shapes "have close representations"',
            "1, 3.3",
            f"rank correlation of the distance with the size of the noise {rank:.2f}",
            graded(int(rank > RANKED), 1),
            f"{page}#widths",
        ),
        Claim(
            '"more noised $S_p$ are allowed to have relatively further representations"',
            "3.3",
            f"the weight varies by {100 * spread:.1f} % between clouds of 2,048 points: a constant",
            graded(int(spread > CONSTANT), 1),
            f"{page.removesuffix('.html')}-at-work.html#constant-weight",
        ),
    ]
