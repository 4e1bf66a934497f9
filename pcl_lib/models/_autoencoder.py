"""An auto-encoder: what a cloud is compressed to, and what becomes of it."""

from __future__ import annotations

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn


class AutoEncoder(nn.Module):
    """An encoder and a decoder: x to decode(encode(x)).

    Any encoder and decoder of this package fit together whose codes have the same width, and any modules of the same
    signatures. The code is a tensor (B, K), or a `LocalCode` for LAE and LFolding. `n_points` asks for a number of
    points, None for the decoder's own; further options go to the decoder (AtlasNet's `generator`).

    Shapes: x (B, N, D), as the encoder takes it, to (B, n, D), as the decoder gives it. Errors: those of both.

    >>> import torch
    >>> from pcl_lib.models import FoldingDecoder, PointNet
    >>> network = AutoEncoder(PointNet((64, 32)), FoldingDecoder(32, widths=(64,)))
    >>> x = torch.zeros(2, 500, 3)
    >>> network.encode(x).shape, network(x, 100).shape
    (torch.Size([2, 32]), torch.Size([2, 100, 3]))
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def encode(self, x: Float[Tensor, "b n d"]) -> Any:
        """The code of each cloud."""
        return self.encoder(x)

    def decode(self, code: Any, n_points: int | None = None, **options: Any) -> Float[Tensor, "b m d"]:
        """The cloud of each code."""
        return self.decoder(code, n_points, **options)

    def forward(
        self, x: Float[Tensor, "b n d"], n_points: int | None = None, **options: Any
    ) -> Float[Tensor, "b m d"]:
        return self.decode(self.encode(x), n_points, **options)
