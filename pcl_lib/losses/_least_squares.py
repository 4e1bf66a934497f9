"""A Chamfer distance with a critic beside it, both networks trained by least squares."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_not_negative
from pcl_lib.distances import chamfer
from pcl_lib.losses._critic_crn import CRNCritic
from pcl_lib.losses._critic_pfnet import PFNetCritic
from pcl_lib.losses._critic_pugan import PUGANCritic
from pcl_lib.losses._trainable import check_batch


class LeastSquaresLoss(nn.Module):
    r"""Chamfer distance of lengths plus what a critic thinks, which is trained to tell truths from outputs.

    .. math:: L_T = \tfrac12 \bigl( \overline{d_{o g}} + \overline{d_{g o}} \bigr) + \lambda \,
        \operatorname{mean} (D(S_o) - 1)^2, \quad
        L_D = \tfrac12 \bigl( \operatorname{mean}(D(S_g) - 1)^2 + \operatorname{mean} D(S_o)^2 \bigr)

    d_og are the lengths from each point of the output S_o to the nearest of the truth S_g, d_go those back, and D is
    the critic. `pud`, `pfd` and `crnd` are those of CALoss's tables.

    - `critic`: maps clouds (B, N, dim) to values (B, K); K = 1 for a critic of the whole cloud.
    - `weight`: lambda, at least 0.
    - `dim`: coordinates of a point.

    Shapes: made (B, M, dim), truth (B, N, dim), to (B,) for `task` and () for `own`. Range: at least 0. Cost: `chamfer`
    and one pass of the critic; two passes for `own`. Errors: `ValueError` for clouds that are not a batch of this
    dimension or not finite, and the critic's own.
    Reference: huang2023caloss.

    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> loss, clouds = pfd(), torch.rand(2, 64, 3)
    >>> loss(clouds, clouds).shape, round(loss.own(clouds, clouds).item(), 1)
    (torch.Size([2]), 0.5)
    """

    def __init__(self, critic: nn.Module, *, weight: float, dim: int = 3) -> None:
        super().__init__()
        check_not_negative("weight", weight)
        self.critic, self.weight, self.dim = critic, weight, check_integer("dim", dim, 1)

    def forward(self, made: Tensor, truth: Tensor, own: bool = False) -> Tensor:
        """`task`, or `own` if asked: what a wrapper for several processes calls."""
        return self.own(made, truth) if own else self.task(made, truth)

    def task(self, made: Float[Tensor, "*b m d"], truth: Float[Tensor, "*b n d"]) -> Float[Tensor, "b"]:
        """What the task network descends, one value for each cloud."""
        check_batch(made, truth, self.dim)
        near = chamfer(made, truth, squared=False, combine="mean")
        return near + self.weight * (self.critic(made) - 1).square().mean(1)

    def own(self, made: Float[Tensor, "*b m d"], truth: Float[Tensor, "*b n d"]) -> Float[Tensor, ""]:
        """What the critic descends."""
        check_batch(made, truth, self.dim)
        return ((self.critic(truth) - 1).square().mean() + self.critic(made).square().mean()) / 2


def pud(dim: int = 3, *, weight: float = 0.5) -> LeastSquaresLoss:
    """Chamfer and PU-GAN's critic, which attends from point to point; CALoss trains it with a rate of 1e-5.

    - `weight`: of the critic's term in the loss of the task network.

    A `LeastSquaresLoss`. Reference: huang2023caloss, li2019pugan.
    """
    return LeastSquaresLoss(PUGANCritic(dim), weight=weight, dim=dim)


def pfd(dim: int = 3, *, weight: float = 0.05) -> LeastSquaresLoss:
    """Chamfer and PF-Net's critic, which sees maxima of three layers; CALoss trains it with a rate of 1e-4.

    - `weight`: of the critic's term in the loss of the task network.

    A `LeastSquaresLoss`. Reference: huang2023caloss, huang2020pfnet.
    """
    return LeastSquaresLoss(PFNetCritic(dim), weight=weight, dim=dim)


def crnd(dim: int = 3, *, weight: float = 0.005) -> LeastSquaresLoss:
    """Chamfer and CRN's critic, which judges neighbourhoods; CALoss trains it with a rate of 5e-5.

    - `weight`: of the critic's term in the loss of the task network.

    A `LeastSquaresLoss`. Reference: huang2023caloss, wang2020crn.
    """
    return LeastSquaresLoss(CRNCritic(dim), weight=weight, dim=dim)
