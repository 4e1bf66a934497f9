"""FoldingNet as a completion network: PCN's encoder, and a square folded into the whole shape."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._completion.encoder import StackedPointNet
from pcl_lib.models._folding import FoldingDecoder


class FoldingCompletion(nn.Module):
    """FoldingNet as the benchmarks of completion run it: partial cloud to code, code to a sheet folded twice.

    What they call FoldingNet is not the auto-encoder of Yang et al., whose encoder pools over a graph of neighbours:
    it is PCN's encoder of two stacked PointNet layers (`points`, see `StackedPointNet`) and FoldingNet's decoder, two
    folds of layers `widths` of the square [-extent, extent]^2. PCN's release trains it so as a baseline; PoinTr's
    adds batch norm before the ReLUs, the default here, which `norm=False` leaves out: the 2,402,054 parameters of
    PCN's. Both take the second fold alone for their loss; PoinTr hands it out twice, as coarse and as dense cloud, so
    that its loss is twice ours. A small one, of 512 points:
    ``FoldingCompletion(64, 512, points=((32, 64), (64,)), widths=(64, 64))``.

    Shapes: partial (B, N, 3), any N, to one stage (B, n_points, 3); `stages` holds that number. Invariant to the
    order of the input. Trained by `folding_loss`. Initialisation: torch's defaults.
    Errors: `ValueError` for anything that is not a batch of clouds, or sizes that are none. Reference:
    yang2018foldingnet, yuan2018pcn, yu2021pointr.

    >>> import torch
    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(FoldingCompletion()), parameter_count(FoldingCompletion(norm=False))
    (2407430, 2402054)
    >>> small = FoldingCompletion(64, 512, points=((32, 64), (64,)), widths=(64, 64))
    >>> [tuple(cloud.shape) for cloud in small(torch.rand(2, 256, 3))]
    [(2, 512, 3)]
    """

    def __init__(
        self,
        code_dim: int = 1024,
        n_points: int = 16_384,
        *,
        points: Sequence[Sequence[int]] = ((128, 256), (512,)),
        widths: Sequence[int] = (512, 512),
        extent: float = 0.5,
        norm: bool = True,
    ) -> None:
        super().__init__()
        self.encoder = StackedPointNet(code_dim, points=points, norm=norm)
        self.decoder = FoldingDecoder(code_dim, n_points, widths=widths, extent=extent, norm=norm)
        self.stages = (n_points,)

    def forward(self, partial: Float[Tensor, "b n 3"]) -> tuple[Tensor, ...]:
        return (self.decoder(self.encoder(partial)),)
