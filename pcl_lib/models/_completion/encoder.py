"""PCN's encoder: a PointNet layer whose maximum every point gets to see, and a second one on top."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._input_checks import check_batch
from pcl_lib.models._patches import PatchMLP


class StackedPointNet(nn.Module):
    r"""Code of a cloud by two stacked PointNet layers.

    .. math:: f_i = h_1(x_i), \qquad g = \max_i f_i, \qquad z = \max_i h_2(f_i, g)

    `points` are the layers of h_1 and, before the last, of h_2, which ends on `code_dim`; ReLU between the layers of
    each, none before a maximum. The release has no batch norm; `norm=True` puts it before each ReLU, as PoinTr's
    version has it.

    Shapes: x (B, N, 3), any N, to (B, code_dim). Invariant to the order of the points and, but for batch norm in
    training, to repeated points. Gradient: to the points that attain a maximum. Cost: O(B N sum of products of
    neighbouring widths); the first layer of h_2 is applied to g once and not to each point's copy of it.
    Initialisation: torch's defaults (the release: Xavier). Errors: `ValueError` for anything that is not a batch of
    clouds.
    Reference: yuan2018pcn.

    >>> import torch
    >>> from pcl_lib.models import parameter_count
    >>> StackedPointNet()(torch.zeros(2, 100, 3)).shape, parameter_count(StackedPointNet())
    (torch.Size([2, 1024]), 821504)
    """

    def __init__(
        self,
        code_dim: int = 1024,
        *,
        points: Sequence[Sequence[int]] = ((128, 256), (512,)),
        norm: bool = False,
    ) -> None:
        super().__init__()
        if len(points) != 2:
            raise ValueError(
                f"points must hold the layers of two PointNets, such as ((128, 256), (512,)), received {points!r}"
            )
        one, two = points
        self.code_dim = code_dim
        self.first = PatchMLP(1, 3, one, norm=norm)
        self.second = PatchMLP(1, 2 * one[-1], (*two, code_dim), norm=norm)

    def forward(self, x: Float[Tensor, "b n 3"]) -> Float[Tensor, "b k"]:
        check_batch(x, self, 3)
        # Features before rows, as PatchMLP has them: (1, features, B, N).
        features = self.first(x.flatten(0, 1).mT[None]).unflatten(2, x.shape[:2])
        joined = self.second(features.max(-1).values, features)
        return joined.max(-1).values[0].mT
