"""PCN: a coarse completion by fully connected layers, then a small folded sheet at each of its points."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_positive
from pcl_lib.models._completion.encoder import StackedPointNet
from pcl_lib.models._fully_connected import FullyConnectedDecoder
from pcl_lib.models._grids import placed, sheet
from pcl_lib.models._patches import PatchMLP, for_patches, gather_patches


class PCN(nn.Module):
    r"""Point completion network: partial cloud to a coarse cloud and a dense one.

    .. math:: z = E(x), \qquad c = D(z), \qquad y_{jg} = c_j + f(u_g, c_j, z)

    E: two stacked PointNet layers (`points`: their layers, see `StackedPointNet`). D: fully connected layers of
    `widths`, then `n_coarse` points. f: an MLP of layers `fold` that moves each of the `grid` x `grid` points u_g of
    the square [-extent, extent]^2 put at each coarse point.

    The defaults are those of the paper and its release: code 1,024, 1,024 coarse points, 4 x 4 grids, 16,384 points.
    `norm=True` puts batch norm before the ReLUs of E and f, as PoinTr's version of the network has it. A small one, of
    512 points:
    ``PCN(64, 32, points=((32, 64), (64,)), widths=(128,), fold=(64, 64))``.

    Shapes: partial (B, N, 3), any N, to the stages (B, n_coarse, 3) and (B, n_coarse grid^2, 3), coarse to fine;
    `stages` holds both numbers. Fine point i belongs to coarse point i // grid^2. Invariant to the order of the input.
    Trained by `pcn_loss`. Cost: f dominates, O(B n_coarse grid^2 fold^2), for its first layer meets the code once per
    cloud and not once per point. Initialisation: torch's defaults (the release: Xavier).
    Errors: `ValueError` for anything that is not a batch of clouds, or sizes that are none. Reference: yuan2018pcn,
    yu2021pointr.

    >>> from pcl_lib.models import parameter_count
    >>> network = PCN()
    >>> parameter_count(network), network.stages
    (6861059, (1024, 16384))
    >>> small = PCN(64, 32, points=((32, 64), (64,)), widths=(128,), fold=(64, 64))
    >>> [tuple(cloud.shape) for cloud in small(torch.zeros(2, 256, 3))]
    [(2, 32, 3), (2, 512, 3)]
    """

    def __init__(
        self,
        code_dim: int = 1024,
        n_coarse: int = 1024,
        grid: int = 4,
        *,
        points: Sequence[Sequence[int]] = ((128, 256), (512,)),
        widths: Sequence[int] = (1024, 1024),
        fold: Sequence[int] = (512, 512),
        extent: float = 0.05,
        norm: bool = False,
    ) -> None:
        super().__init__()
        check_integer("n_coarse", n_coarse, 1)
        check_integer("grid", grid, 1)
        check_positive("extent", extent, "length")
        self.grid, self.extent = grid, extent
        self.encoder = StackedPointNet(code_dim, points=points, norm=norm)
        self.coarse = FullyConnectedDecoder(code_dim, n_coarse, widths=widths)
        self.fold = PatchMLP(1, 2 + 3 + code_dim, (*fold, 3), norm=norm)
        self.stages = (n_coarse, n_coarse * grid**2)

    def forward(self, partial: Float[Tensor, "b n 3"]) -> tuple[Tensor, ...]:
        code = self.encoder(partial)
        coarse = self.coarse(code)
        patch = placed(sheet, self.grid**2, self.extent, like=coarse)
        at = coarse.repeat_interleave(len(patch), 1)
        seeds = torch.cat((patch.repeat(self.stages[0], 1).expand(len(coarse), -1, -1), at), -1)
        moves = self.fold(for_patches(code, 1), seeds.permute(2, 0, 1)[None])
        return coarse, at + gather_patches(moves, self.stages[1])
