"""FoldingNet's decoder: a square sheet, folded into the shape in two steps."""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_positive
from pcl_lib.models._grids import placed, sheet
from pcl_lib.models._input_checks import check_code, check_points
from pcl_lib.models._patches import PatchMLP, for_patches, gather_patches


class Fold(nn.Module):
    r"""Two folds of the square [-extent, extent]^2, for one patch or for many with weights of their own.

    .. math:: y_i = f_1(u_i, z), \qquad x_i = f_2(y_i, z)

    f_1 and f_2 are MLPs of `widths` and `dim`, ReLU between the layers (in f_2 only with `second_relu`), `norm` puts
    batch norm before it.
    Shapes: code (P, k, B) to (P, dim, B, n): n grid points, see `square_grid`. Reference: yang2018foldingnet.

    >>> import torch
    >>> Fold(patches=2, code_dim=8, widths=(16,))(torch.zeros(2, 8, 4), n=9).shape
    torch.Size([2, 3, 4, 9])
    """

    def __init__(
        self,
        patches: int,
        code_dim: int,
        widths: Sequence[int],
        *,
        extent: float = 1.0,
        second_relu: bool = True,
        norm: bool = False,
        dim: int = 3,
    ) -> None:
        super().__init__()
        check_positive("extent", extent, "length")
        self.extent = extent
        self.first = PatchMLP(patches, 2 + code_dim, (*widths, dim), norm=norm)
        activation = nn.ReLU if second_relu else nn.Identity
        self.second = PatchMLP(patches, dim + code_dim, (*widths, dim), norm=norm, activation=activation)

    def forward(self, code: Float[Tensor, "p k b"], n: int) -> Float[Tensor, "p d b n"]:
        grid = placed(sheet, n, self.extent, like=code)
        grid = grid.T[:, None].expand(code.shape[0], -1, -1, -1)
        return self.second(code, self.first(code, grid))


class FoldingDecoder(nn.Module):
    """Points from a code by folding a square twice.

    The defaults are the Folding decoder of CALoss: code 128, two folds 256-256-3 of the square [-1, 1]^2, 45 x 45
    points. FoldingNet itself has a code of 512, folds 512-512-3 and the square [-0.3, 0.3]^2:
    `FoldingDecoder(512, widths=(512, 512), extent=0.3)`, 1,056,262 parameters. The released code of PCLoss has no ReLU
    in the second fold, which makes it one linear map of y and z: `second_relu=False`. PoinTr's version has batch norm
    before the ReLUs: `norm=True`.

    Shapes: code (B, code_dim) to (B, n_points, dim). Any number of points at each call, by default 2,025 or what it
    was built with; the rows of the grid differ by one point at most, and a square number gives the square grid.
    The first layer is applied to the code once and not to each point's copy of it.
    Initialisation: torch's defaults. Errors: `ValueError` for another code or no number of points.
    Reference: yang2018foldingnet, huang2023caloss.

    >>> import torch
    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(FoldingDecoder()), FoldingDecoder()(torch.zeros(2, 128), 100).shape
    (200454, torch.Size([2, 100, 3]))
    """

    def __init__(
        self,
        code_dim: int = 128,
        n_points: int = 2025,
        *,
        widths: Sequence[int] = (256, 256),
        extent: float = 1.0,
        second_relu: bool = True,
        norm: bool = False,
        dim: int = 3,
    ) -> None:
        super().__init__()
        check_points(n_points)
        self.code_dim, self.n_points = code_dim, n_points
        self.fold = Fold(1, code_dim, widths, extent=extent, second_relu=second_relu, norm=norm, dim=dim)

    def forward(self, code: Float[Tensor, "b k"], n_points: int | None = None) -> Float[Tensor, "b n d"]:
        check_code(code, self, self.code_dim)
        n = self.n_points if n_points is None else n_points
        check_points(n)
        return gather_patches(self.fold(for_patches(code, 1), n), n)
