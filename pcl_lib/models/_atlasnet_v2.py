"""AtlasNetV2's decoders: what AtlasNet takes as given, the patches, is learned."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_option
from pcl_lib.models._atlasnet import atlas_mlp, template
from pcl_lib.models._input_checks import check_code, check_fixed_points, check_points
from pcl_lib.models._patches import PatchMLP, for_patches, gather_patches, share

VARIANTS = ("deformation", "points")
ADJUSTMENTS = ("mlp", "linear")


class AtlasV2Decoder(nn.Module):
    r"""Points from a code by elementary structures, learned once for all shapes and adjusted to each.

    .. math:: x = \tanh \varphi_p(s, z), \qquad
        s = \tanh \psi_p(u) \;\text{(deformation)} \quad\text{or}\quad s \text{ trained itself (points)}

    "deformation": an MLP of `deform` and `patch_dim` deforms the square of each patch into its structure, so that
    any point u of the square has its place in it. "points": the points of the structures are parameters, at first
    uniform in the unit square with further coordinates 0.
    `adjustment` is how a structure becomes a part of the shape: an "mlp" as in AtlasNet, or "linear", x = s R + t
    with a matrix and a shift predicted from the code. `widths` are its hidden layers (by default w, w / 2, w / 4, or
    twice half of the code for "linear"), with batch norm and `activation` after each. `norm=False` leaves batch norm
    out and `tanh=False` each tanh, both of which the release has and the paper's text has not; with tanh the shapes
    must lie in (-1, 1).

    Defaults of the release: 10 patches, 2,500 points, `patch_dim` 3 for "deformation" and 2 for "points".
    Shapes: code (B, code_dim) to (B, n_points, 3), point i belongs to patch i % P. "deformation" gives any number of
    points at each call, drawn at random in training mode (by `generator` if given) and on a grid in eval mode, as
    `AtlasDecoder`; "points" has the number it was built with.
    Initialisation: torch's defaults (the release: normal of deviation 0.02). Errors: `ValueError` for another code,
    an unknown variant or adjustment, another number of points than trained. Reference: deprelle2019atlasnetv2.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(AtlasV2Decoder()), parameter_count(AtlasV2Decoder(variant="points"))
    (17368620, 17169980)
    """

    def __init__(
        self,
        code_dim: int = 1024,
        n_points: int = 2500,
        *,
        patches: int = 10,
        variant: str = "deformation",
        adjustment: str = "mlp",
        patch_dim: int | None = None,
        widths: Sequence[int] | None = None,
        deform: Sequence[int] = (128, 128),
        activation: type[nn.Module] = nn.ReLU,
        norm: bool = True,
        tanh: bool = True,
    ) -> None:
        super().__init__()
        check_points(n_points)
        check_option("variant", variant, VARIANTS)
        check_option("adjustment", adjustment, ADJUSTMENTS)
        self.code_dim, self.n_points, self.patches = code_dim, n_points, patches
        self.variant, self.adjustment = variant, adjustment
        self.end = nn.Tanh() if tanh else nn.Identity()
        dim = patch_dim if patch_dim is not None else (3 if variant == "deformation" else 2)
        if adjustment == "mlp":
            self.adjust = atlas_mlp(patches, dim + code_dim, widths, activation, norm)
        else:
            hidden = (code_dim // 2, code_dim // 2) if widths is None else tuple(widths)
            self.adjust = PatchMLP(
                patches, code_dim, (*hidden, 3 * (dim + 1)), norm=norm, activation=activation
            )
        if variant == "deformation":
            self.deform = PatchMLP(patches, 2, (*deform, dim), norm=norm, activation=activation)
        else:
            points = torch.zeros(patches, dim, share(n_points, patches))
            points[:, :2].uniform_()
            self.points = nn.Parameter(points)

    def structures(
        self, code: Float[Tensor, "b k"], n: int, *, generator: torch.Generator | None = None
    ) -> Float[Tensor, "p d c n"]:
        """The elementary structures, `n` points of each, as the adjustment gets them for these codes.

        Shape (P, patch_dim, B, n) where points are drawn for each cloud, else (P, patch_dim, 1, n).
        """
        if self.variant == "points":
            return self.points[:, :, None]
        u = template("squares", self.patches, n, code, self.training, generator)
        return self.end(self.deform(u.flatten(2))).unflatten(2, u.shape[2:])

    def forward(
        self,
        code: Float[Tensor, "b k"],
        n_points: int | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "b n 3"]:
        check_code(code, self, self.code_dim)
        if self.variant == "points":
            check_fixed_points(n_points, self.n_points, 'variant="deformation"')
        n = self.n_points if n_points is None else n_points
        check_points(n)
        parts = self.structures(code, share(n, self.patches), generator=generator)
        codes = for_patches(code, self.patches)
        if self.adjustment == "mlp":
            return gather_patches(self.end(self.adjust(codes, parts)), n)
        moves = self.end(self.adjust(codes)).unflatten(1, (3, -1))
        turned = torch.einsum("paib,pibn->pabn", moves[:, :, 1:], parts.expand(-1, -1, code.shape[0], -1))
        return gather_patches(turned + moves[:, :, 0, :, None], n)
