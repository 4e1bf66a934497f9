"""ShapeGF's decoder: the direction from any place to a shape, for a code of the shape and a noise level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_option
from pcl_lib.models._conditional_norm import ConditionalBatchNorm, JoinedLinear
from pcl_lib.models._input_checks import check_batch, check_code
from pcl_lib.neighbors.building_blocks import Sigma, check_sigma

VARIANTS = ("cbn", "add", "plain")
Field = Callable[[Tensor, Sigma], Tensor]

# The columns of the paper's Table 8, the decoder of the released checkpoints, and one that is not told the noise level,
# as arguments of `GradientDecoder`. (a) and (ab) have [z, sigma] as condition: read literally, they have z alone, and
# would never see sigma.
GRADIENT_DECODERS: dict[str, dict[str, Any]] = {
    "a": {"shortcuts": False, "point_condition": False, "join_code": False},
    "ab": {"point_condition": False, "join_code": False},
    "abc": {"join_code": False},
    "bd": {"variant": "plain"},
    "abcd": {},
    "add": {"variant": "add"},
    "without sigma": {"see_sigma": False},
}


class GradientDecoder(nn.Module):
    r"""The displacement from a place towards a shape: a network for sigma^2 times the score of the smoothed shape.

    .. math:: y_\theta(x, z, \sigma) \approx \sigma^2\, \nabla_x \log Q_{\sigma,S}(x)

    A layer from c = [x, z, sigma] to `hidden` features, residual blocks of twice (norm, ReLU, layer), then norm, ReLU
    and a layer to a vector. The second layer of a block starts at 0, so that blocks begin as the identity. The score
    itself is the displacement / sigma^2; sampling and surfaces need the displacement.

    - `variant`: what tells the blocks the condition. "cbn": the norms, conditional ones, as printed; "add": plain norms
      and a layer of c added to the output of each block, as in the released checkpoints; "plain": nothing does.
    - `condition_layers`: of gamma and beta each, see `ConditionalBatchNorm`.
    - `shortcuts`, `point_condition`, `join_code`: (b), (c) and (d) of the paper's Table 8: whether a block is added to
      its input (without, its second layer starts at random); whether the condition of the norms has x; whether the
      first layer gets z and sigma beside x. `GRADIENT_DECODERS` has its columns.
    - `see_sigma`: whether the network is told sigma, as it is and not its logarithm.

    8 blocks as printed; the released configurations have 16 with "cbn" and 24 with "add". Without a code
    (`code_size=0`) it is the field of one shape.
    Shapes: points (B, N, dims), code (B, code_size) or None, sigma a length or a tensor (B,); result (B, N, dims), a
    length. Batch norm: in training over all points of the batch; call ``.eval()`` before you sample.
    Initialisation: torch's defaults but for what starts at 0. Cost: a point takes about 2 blocks hidden^2 products.
    Errors: `ValueError` for other shapes, sigma that is not positive. Reference: cai2020shapegf.

    >>> import torch
    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(GradientDecoder()), parameter_count(GradientDecoder(blocks=24, variant="add"))
    (2245123, 4035075)
    >>> GradientDecoder(0, 2, hidden=16, blocks=2)(torch.zeros(4, 10, 2), None, 0.1).shape
    torch.Size([4, 10, 2])
    """

    def __init__(
        self,
        code_size: int = 128,
        dims: int = 3,
        *,
        hidden: int = 256,
        blocks: int = 8,
        variant: str = "cbn",
        condition_layers: int = 1,
        shortcuts: bool = True,
        point_condition: bool = True,
        join_code: bool = True,
        see_sigma: bool = True,
    ) -> None:
        super().__init__()
        check_integer("code_size", code_size, 0)
        check_integer("dims", dims, 1)
        check_integer("hidden", hidden, 1)
        check_integer("blocks", blocks, 0)
        check_option("variant", variant, VARIANTS)
        told = code_size + see_sigma
        if variant == "cbn" and not (point_condition or told):
            raise ValueError(
                "conditional norms must have a condition: x, a code or sigma, received none of them; "
                'take point_condition=True or variant="plain"'
            )
        self.code_size, self.dims, self.see_sigma, self.join_code = code_size, dims, see_sigma, join_code

        def norm() -> nn.Module:
            if variant != "cbn":
                return _PlainNorm(hidden)
            own = dims if point_condition else 0
            return ConditionalBatchNorm(hidden, dims=own, code_size=told, layers=condition_layers)

        self.first = JoinedLinear(dims, told if join_code else 0, hidden)
        self.blocks = nn.ModuleList(_Block(hidden, norm, shortcuts) for _ in range(blocks))
        self.added = nn.ModuleList(
            JoinedLinear(dims, told, hidden) for _ in range(blocks if variant == "add" else 0)
        )
        self.norm = norm()
        self.last = nn.Linear(hidden, dims)
        self.own = dims if point_condition else 0

    def forward(
        self, points: Float[Tensor, "b n d"], code: Float[Tensor, "b k"] | None, sigma: Sigma
    ) -> Float[Tensor, "b n d"]:
        check_batch(points, self, self.dims)
        if self.training and points.shape[:2] == (1, 1):
            raise ValueError(
                "points must be at least two in training mode, where batch norm takes a variance, received one; take "
                "more, or call .eval() first"
            )
        told = self._told(points, code, sigma)
        own = points[..., : self.own]
        f = self.first(points, told if self.join_code else told[:, :0])
        for i, block in enumerate(self.blocks):
            f = block(f, own, told)
            if self.added:
                f = f + self.added[i](points, told)
        return self.last(self.norm(f, own, told).relu())

    def field(self, code: Float[Tensor, "*b k"] | None = None) -> Field:
        """The field of one shape, code (K,) or (1, K) or none, or of a batch (B, K): points and sigma to displacements.

        Points (N, D) are taken for one shape, (B, N, D) for a batch or for many batches of one shape.
        Errors: `ValueError` while the decoder is in training mode, whose batch norm would take its statistics from the
        points to be moved.
        """
        if self.training:
            raise ValueError(
                "the field of a decoder must have fixed statistics of batch norm, received one in training mode; "
                "call .eval() first"
            )
        if isinstance(code, Tensor) and code.ndim == 1:
            code = code[None]

        def field(points: Tensor, sigma: Sigma) -> Tensor:
            batch = points[None] if points.ndim == 2 else points
            codes = code.expand(len(batch), -1) if code is not None and len(code) == 1 else code
            return self(batch, codes, sigma).reshape(points.shape)

        return field

    def _told(self, points: Tensor, code: Tensor | None, sigma: Sigma) -> Tensor:
        """What all points of a cloud share, (B, K + 1): the code and sigma, as far as the network is told."""
        parts = []
        if self.code_size:
            check_code(code, self, self.code_size)
            assert code is not None
            if len(code) != len(points):
                raise ValueError(
                    f"code must have a row for each cloud of points, received {len(code)} for {len(points)} clouds; "
                    "repeat one with .expand(B, -1)"
                )
            parts.append(code)
        elif code is not None:
            raise ValueError(
                f"code must be None for a decoder with code_size=0, received {tuple(code.shape)}; build it with "
                f"code_size={code.shape[-1]}"
            )
        widths = check_sigma(sigma, len(points))
        if self.see_sigma:
            width = torch.tensor(widths, dtype=points.dtype, device=points.device)
            parts.append(width.reshape(-1, 1).expand(len(points), 1))
        return torch.cat(parts, -1) if parts else points.new_empty(len(points), 0)


class _PlainNorm(nn.Module):
    """Batch norm, called as a conditional one is."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features)

    def forward(self, f: Tensor, _points: Tensor, _code: Tensor) -> Tensor:
        return self.norm(f.reshape(-1, f.shape[-1])).reshape(f.shape)


class _Block(nn.Module):
    """Twice norm, ReLU, layer, added to the input."""

    def __init__(self, features: int, norm: Callable[[], nn.Module], shortcut: bool) -> None:
        super().__init__()
        self.norms = nn.ModuleList([norm(), norm()])
        first, second = nn.Linear(features, features), nn.Linear(features, features)
        if shortcut:
            nn.init.zeros_(second.weight)
        self.layers = nn.ModuleList([first, second])
        self.shortcut = shortcut

    def forward(self, f: Tensor, points: Tensor, code: Tensor) -> Tensor:
        out = f
        for norm, layer in zip(self.norms, self.layers, strict=True):
            out = layer(norm(out, points, code).relu())
        return f + out if self.shortcut else out
