"""PCLoss: clouds are compared by where their points lie around anchors that a network places."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcl_lib._checks import check_integer
from pcl_lib.losses._trainable import check_batch
from pcl_lib.models import MLP
from pcl_lib.neighbors.building_blocks import take

_SMALLEST = 1e-8


class PCLoss(nn.Module):
    r"""The difference of two clouds as seen from learned anchors (the variant LNSA of PCLossNet).

    A point-wise network and a maximum describe both clouds; from this and from random points of the truth a second
    network places anchors a and gives each a radius r. The descriptor of an anchor in a cloud of n points is

    .. math:: \frac{n}{A} \Bigl( \sum_i w_i p_i - \bigl(1 - \tfrac{10^{-8}}{10^{-8} + s}\bigr) a \Bigr), \quad
        w_i = \frac{e^{-d_i / (0.01 + r^2)}}{10^{-8} + s},

    d_i = sqrt(1e-4 + norm(p_i - a)^2) - 0.01, s the sum of the exponentials, A the number of anchors. L is the mean
    over the batch of sqrt(1e-6 + the squared difference of all descriptors) - 0.001, and R(S) the mean over the points
    of S of the least d to the first seven eighths of the anchors + 0.1 mean(r^2). The task network descends
    L + 0.01 R(S_o), PCLoss itself -log(L + 1e-5) + R(S_g) + R(S_o).

    - `dim`: coordinates of a point.
    - `anchors`: their number, at most the points of a truth.
    - `scaled`: whether the descriptor has the factor n / A, n the size of each cloud (the released code leaves it out
      for folding networks).

    Shapes: made (B, M, dim), truth (B, N, dim), to () for both: the anchors' start is one draw for the whole batch.
    Range: L at least 0 in `task`. 182,724 parameters at the defaults. The draw takes torch's global generator.
    Cost: O(B A (M + N)) in time and memory. Errors: `ValueError` for clouds that are not a batch of this dimension or
    not finite, or for fewer points of the truth than anchors. Reference: huang2022pcloss.

    >>> _ = torch.manual_seed(0)
    >>> loss, clouds = PCLoss(anchors=16), torch.rand(2, 64, 3)
    >>> bool(loss(clouds, clouds) < loss(clouds + 0.1, clouds))
    True
    """

    def __init__(self, dim: int = 3, *, anchors: int = 128, scaled: bool = True) -> None:
        super().__init__()
        self.dim, self.scaled = dim, scaled
        self.anchors = check_integer("anchors", anchors, 2)
        self.points = MLP(dim, (64, 128), norm=False)
        self.spread = MLP(dim + 256, (256, 256), norm=False)
        self.place = MLP(dim + 256, (128, 64, dim + 1), norm=False, end="linear")

    def forward(self, made: Tensor, truth: Tensor, own: bool = False) -> Tensor:
        """`task`, or `own` if asked: what a wrapper for several processes calls."""
        return self.own(made, truth) if own else self.task(made, truth)

    def task(
        self,
        made: Float[Tensor, "b m d"],
        truth: Float[Tensor, "b n d"],
        rows: Int64[Tensor, "a"] | None = None,
    ) -> Float[Tensor, ""]:
        """What the task network descends. `rows` (A,) of the truth are where anchors start; default, a random draw."""
        anchors, radius = self.place_anchors(made, truth, rows)
        return self._difference(made, truth, anchors, radius) + 0.01 * self._spread_out(made, anchors, radius)

    def own(
        self,
        made: Float[Tensor, "b m d"],
        truth: Float[Tensor, "b n d"],
        rows: Int64[Tensor, "a"] | None = None,
    ) -> Float[Tensor, ""]:
        """What PCLoss's networks descend; `rows` as in `task`."""
        anchors, radius = self.place_anchors(made, truth, rows)
        apart = self._difference(made, truth, anchors, radius)
        near = self._spread_out(truth, anchors, radius) + self._spread_out(made, anchors, radius)
        return near - torch.log(apart + 1e-5)

    def place_anchors(
        self, made: Tensor, truth: Tensor, rows: Tensor | None = None
    ) -> tuple[Float[Tensor, "b a d"], Float[Tensor, "b a"]]:
        """The anchors of a pair of batches, and their raw radii."""
        check_batch(made, truth, self.dim)
        n = truth.shape[1]
        if n < self.anchors:
            raise ValueError(
                f"the truth must have at least as many points as there are anchors ({self.anchors}), received {n}; "
                "build the loss with fewer anchors"
            )
        rows = torch.randperm(n)[: self.anchors].to(truth.device) if rows is None else rows
        start = truth[:, rows]
        both = torch.cat([self.points(cloud).max(1).values for cloud in (truth, made)], -1)
        seen = torch.cat([start, both[:, None].expand(-1, self.anchors, -1)], -1)
        whole = self.spread(seen).mean(1)
        found = self.place(torch.cat([start, whole[:, None].expand(-1, self.anchors, -1)], -1))
        return start + found[..., : self.dim], found[..., self.dim]

    def describe(
        self, cloud: Float[Tensor, "b n d"], anchors: Float[Tensor, "b a d"], radius: Float[Tensor, "b a"]
    ) -> Float[Tensor, "b a d"]:
        """The descriptor of each anchor in a cloud."""
        weights = torch.exp(-_lengths(anchors, cloud) / (0.01 + radius.square())[..., None])
        total = weights.sum(-1, keepdim=True)
        mean = (weights @ cloud) / (_SMALLEST + total)
        scale = cloud.shape[1] / self.anchors if self.scaled else 1.0
        return scale * (mean - (1 - _SMALLEST / (_SMALLEST + total)) * anchors)

    def _difference(self, made: Tensor, truth: Tensor, anchors: Tensor, radius: Tensor) -> Tensor:
        apart = self.describe(truth, anchors, radius) - self.describe(made, anchors, radius)
        return (torch.sqrt(1e-6 + apart.square().sum((1, 2))) - 0.001).mean()

    def _spread_out(self, cloud: Tensor, anchors: Tensor, radius: Tensor) -> Tensor:
        """How far the points of a cloud are from their anchor, and how wide anchors look."""
        leading = anchors[:, : 7 * self.anchors // 8]
        index = torch.cdist(cloud.detach(), leading.detach()).argmin(-1)
        nearest = take(leading, index[..., None])[:, :, 0]
        return _length(cloud - nearest).mean() + 0.1 * radius.square().mean()


def _length(move: Tensor) -> Tensor:
    """A length that is smooth at zero."""
    return torch.sqrt(1e-4 + move.square().sum(-1)) - 0.01


def _lengths(anchors: Tensor, cloud: Tensor) -> Tensor:
    """(B, A, N): the smooth length from each anchor to each point."""
    square = torch.cdist(anchors, cloud, compute_mode="donot_use_mm_for_euclid_dist").square()
    return torch.sqrt(1e-4 + square) - 0.01
