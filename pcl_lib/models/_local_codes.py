"""Auto-encoding by local features (LAE, LFolding): a few centres, each with a decoder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._folding import Fold
from pcl_lib.models._input_checks import check_batch, check_fixed_points, check_points
from pcl_lib.models._mlp import MLP
from pcl_lib.models._patches import PatchMLP, gather_patches, share
from pcl_lib.models._set_abstraction import AbstractionStage, Scale, build_stages

LOCAL_STAGES = (
    AbstractionStage(512, (Scale(0.2, 16, (32, 32, 64)),)),
    AbstractionStage(128, (Scale(0.4, 16, (64, 64, 128)),)),
    AbstractionStage(32, (Scale(0.6, 16, (128, 128, 256)),)),
)


class LocalCode(NamedTuple):
    """What is known of a cloud: `centres` (B, C, 3), points of it, and their `features` (B, C, F)."""

    centres: Float[Tensor, "b c 3"]
    features: Float[Tensor, "b c f"]


class LocalEncoder(nn.Module):
    r"""Centres of a cloud with features of their surroundings: set abstractions, then a look at all centres at once.

    .. math:: f'_c = f_c + \beta\bigl( x_c, f_c, \max_{c'} \alpha(x_{c'}, f_{c'}) \bigr)

    alpha is an MLP of `refine`, beta one of `refine` and the width of f, both without batch norm. The defaults are
    the encoder of LAE and LFolding in CALoss and PCLoss: 512, 128, then 32 centres. The authors' code also computes
    a move of each centre and drops it; here these 771 unused weights are left out.

    Shapes: x (B, N, 3), N at least the number of last centres, to a `LocalCode`. The order of the centres is that of
    farthest-point sampling; it depends on the shape, not on the order of the points (ties apart).
    Errors: `ValueError` for anything that is not a batch of clouds, or clouds with too few points.
    Reference: huang2023caloss, huang2022pcloss, qi2017pointnet2.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(LocalEncoder())
    484384
    """

    def __init__(
        self, stages: Sequence[AbstractionStage] = LOCAL_STAGES, refine: Sequence[int] = (256, 256)
    ) -> None:
        super().__init__()
        self.stages, width = build_stages(stages, 3)
        self.centres, self.features = stages[-1].centres, width
        self.look = MLP(3 + width, refine, norm=False)
        self.refine = MLP(3 + width + refine[-1], (*refine, width), norm=False, end="linear")

    def forward(self, x: Float[Tensor, "b n 3"]) -> LocalCode:
        check_batch(x, self, 3)
        if x.shape[1] < self.centres:
            raise ValueError(
                f"x must have at least {self.centres} points, one for each centre, received shape {tuple(x.shape)}; "
                "build the encoder with fewer centres for small clouds"
            )
        first, *others = self.stages
        centres, features = first(x)
        for stage in others:
            centres, features = stage(centres, features)
        local = torch.cat((centres, features), -1)
        seen = self.look(local).max(1, keepdim=True).values.expand(-1, self.centres, -1)
        return LocalCode(centres, features + self.refine(torch.cat((local, seen), -1)))


class LocalFullyConnectedDecoder(nn.Module):
    """LAE's decoder: around each centre a share of the points, fully connected layers of its own.

    Shapes: `LocalCode` of C centres to (B, n_points, 3), point i belongs to centre i % C; n_points need not be a
    multiple of C. The number of points is fixed by the last layer.
    Initialisation: torch's defaults. Errors: `ValueError` for another code or number of points.
    Reference: huang2023caloss, huang2022pcloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(LocalFullyConnectedDecoder())
    5789696
    """

    def __init__(
        self,
        n_points: int = 2048,
        *,
        centres: int = 32,
        features: int = 256,
        widths: Sequence[int] = (256, 256),
    ) -> None:
        super().__init__()
        check_points(n_points)
        self.n_points, self.centres, self.features = n_points, centres, features
        self.layers = PatchMLP(centres, features, (*widths, 3 * share(n_points, centres)))

    def forward(self, code: LocalCode, n_points: int | None = None) -> Float[Tensor, "b n 3"]:
        _check_local(code, self.centres, self.features)
        check_fixed_points(n_points, self.n_points, "the local folding decoder")
        offsets = self.layers(code.features.permute(1, 2, 0)).unflatten(1, (3, -1)).mT
        return _around(code, offsets, self.n_points)


class LocalFoldingDecoder(nn.Module):
    """LFolding's decoder: around each centre a share of the points, a square folded twice with weights of its own.

    Shapes: `LocalCode` of C centres to (B, n_points, 3), point i belongs to centre i % C. Any number of points at
    each call, by default 2,048 or what it was built with: each centre folds a grid of n_points / C points, rounded
    up, and what is over is left out. The defaults give 8 x 8 points per centre. `second_relu`: see `FoldingDecoder`.
    Initialisation: torch's defaults. Errors: `ValueError` for another code or no number of points.
    Reference: huang2023caloss, huang2022pcloss, yang2018foldingnet.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(LocalFoldingDecoder())
    3207360
    """

    def __init__(
        self,
        n_points: int = 2048,
        *,
        centres: int = 32,
        features: int = 256,
        widths: Sequence[int] = (128, 128),
        extent: float = 1.0,
        second_relu: bool = True,
    ) -> None:
        super().__init__()
        check_points(n_points)
        self.n_points, self.centres, self.features = n_points, centres, features
        self.fold = Fold(centres, features, widths, extent=extent, second_relu=second_relu)

    def forward(self, code: LocalCode, n_points: int | None = None) -> Float[Tensor, "b n 3"]:
        _check_local(code, self.centres, self.features)
        n = self.n_points if n_points is None else n_points
        check_points(n)
        return _around(code, self.fold(code.features.permute(1, 2, 0), share(n, self.centres)), n)


def _around(code: LocalCode, offsets: Tensor, n_points: int) -> Tensor:
    """Points (B, n, 3) at the offsets (C, 3, B, s) from the centres."""
    return gather_patches(code.centres.permute(1, 2, 0)[..., None] + offsets, n_points)


def _check_local(code: object, centres: int, features: int) -> None:
    wanted = f"code must be a LocalCode of {centres} centres with {features} features each"
    if not isinstance(code, LocalCode):
        raise ValueError(f"{wanted}, received {type(code).__name__}; take it from a LocalEncoder")
    if code.centres.shape[1:] != (centres, 3) or code.features.shape[1:] != (centres, features):
        raise ValueError(
            f"{wanted}, received centres {tuple(code.centres.shape)} and features {tuple(code.features.shape)}; "
            "build the decoder with the centres and features of the encoder"
        )
