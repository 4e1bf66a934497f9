"""AtlasNet's decoder: a shape as the image of squares, or of one sphere."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_option
from pcl_lib.models._grids import placed, random_sphere, random_square, sphere_grid, square_grid
from pcl_lib.models._input_checks import check_code, check_points
from pcl_lib.models._patches import PatchMLP, for_patches, gather_patches, share

# What each patch is: the dimension of its points, points at random, points on a regular grid.
SURFACES = {"squares": (2, random_square, square_grid), "sphere": (3, random_sphere, sphere_grid)}


class AtlasDecoder(nn.Module):
    r"""Points from a code: each of P patches maps points of a square, or of the sphere, by an MLP of its own.

    .. math:: x = \tanh \varphi_p(u, z), \qquad u \in [0, 1]^2 \;\text{ or }\; S^2

    `surface`: "squares" (25 patches by default) or "sphere" (one). `widths` are the hidden layers, batch norm and
    ReLU after each; by default those of the first release, w, w / 2 and w / 4 for w = the dimension of u plus that
    of the code (1026-513-256; the paper's text says 1024-512-256-128).

    Shapes: code (B, code_dim) to (B, n_points, 3) in (-1, 1), point i belongs to patch i % P. Any number of points
    at each call, by default 2,500 or what it was built with: each patch maps n_points / P points, rounded up, and
    what is over is left out. In training mode u is drawn uniformly for each cloud, by `generator` if given; in eval
    mode it is a regular grid (`square_grid`, `sphere_grid`), the same at every call.
    The first layer is applied to a code once and not to each point's copy of it, which saves 61 % of the products.
    Cost: O(B n_points w^2). Initialisation: torch's defaults (the release: normal of deviation 0.02).
    Errors: `ValueError` for another code, surface or no number of points. Reference: groueix2018atlasnet.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(AtlasDecoder(surface="sphere"))
    1719067
    """

    def __init__(
        self,
        code_dim: int = 1024,
        n_points: int = 2500,
        *,
        surface: str = "squares",
        patches: int | None = None,
        widths: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        check_points(n_points)
        check_option("surface", surface, tuple(SURFACES))
        self.code_dim, self.n_points, self.surface = code_dim, n_points, surface
        self.patches = patches if patches is not None else (1 if surface == "sphere" else 25)
        self.map = atlas_mlp(self.patches, SURFACES[surface][0] + code_dim, widths)

    def forward(
        self,
        code: Float[Tensor, "b k"],
        n_points: int | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "b n 3"]:
        check_code(code, self, self.code_dim)
        n = self.n_points if n_points is None else n_points
        check_points(n)
        u = template(self.surface, self.patches, share(n, self.patches), code, self.training, generator)
        return gather_patches(self.map(for_patches(code, self.patches), u).tanh(), n)


def template(
    surface: str, patches: int, n: int, code: Tensor, training: bool, generator: torch.Generator | None
) -> Tensor:
    """Points of each patch: (P, d, B, n) drawn for each cloud in training, else (P, d, 1, n) on a grid."""
    _, random, grid = SURFACES[surface]
    if training:
        return random((patches, code.shape[0], n), code, generator).permute(0, 3, 1, 2)
    return placed(grid, n, like=code).T[:, None].expand(patches, -1, -1, -1)


def atlas_mlp(
    patches: int,
    inputs: int,
    widths: Sequence[int] | None,
    activation: type[nn.Module] = nn.ReLU,
    norm: bool = True,
) -> PatchMLP:
    """AtlasNet's MLP for each patch: by default as wide as its input, half and a quarter of it, then 3."""
    hidden = (inputs, inputs // 2, inputs // 4) if widths is None else tuple(widths)
    return PatchMLP(patches, inputs, (*hidden, 3), norm=norm, activation=activation)
