"""The fully connected decoder: every coordinate of every point is an output of its own."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._input_checks import check_code, check_fixed_points, check_points
from pcl_lib.models._mlp import MLP


class FullyConnectedDecoder(nn.Module):
    """Points from a code by fully connected layers, ReLU between them, no batch norm: l-GAN's and CALoss's decoder.

    Shapes: code (B, code_dim) to (B, n_points, dim). The number of points is fixed by the last layer, which holds most
    of the parameters: 1,579,008 of the default 1,677,824.
    Initialisation: torch's defaults (the releases: Xavier). Errors: `ValueError` for another code or number of points.
    Reference: achlioptas2018latent, huang2023caloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(FullyConnectedDecoder())
    1677824
    """

    def __init__(
        self, code_dim: int = 128, n_points: int = 2048, *, widths: Sequence[int] = (256, 256), dim: int = 3
    ) -> None:
        super().__init__()
        check_points(n_points)
        self.code_dim, self.n_points, self.dim = code_dim, n_points, dim
        self.layers = MLP(code_dim, (*widths, dim * n_points), norm=False, end="linear")

    def forward(self, code: Float[Tensor, "b k"], n_points: int | None = None) -> Float[Tensor, "b n d"]:
        check_code(code, self, self.code_dim)
        check_fixed_points(n_points, self.n_points, "a decoder that folds or maps patches")
        return self.layers(code).unflatten(-1, (self.n_points, self.dim))
