"""Errors at the door of a network: the batch of clouds or codes it was built for, on its device, in its dtype."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pcl_lib._checks import check_cloud, check_integer


def check_batch(x: object, network: nn.Module, dim: int) -> None:
    """Raise `ValueError` unless `x` is a batch of clouds (B, N, `dim`) that `network` can take."""
    check_cloud(x, "x", dims=dim)
    assert isinstance(x, Tensor)
    if x.ndim != 3:
        raise ValueError(
            f"x must be a batch of clouds (B, N, {dim}), received shape {tuple(x.shape)}; "
            "add the missing axis with x[None]"
        )
    _check_place(x, "x", network)


def check_code(code: object, network: nn.Module, width: int) -> None:
    """Raise `ValueError` unless `code` is a batch of latent codes (B, `width`) that `network` can take."""
    if not isinstance(code, Tensor) or code.ndim != 2 or code.shape[-1] != width or code.shape[0] == 0:
        received = f"shape {tuple(code.shape)}" if isinstance(code, Tensor) else type(code).__name__
        raise ValueError(
            f"code must be a batch of latent codes (B, {width}), received {received}; "
            "the encoder and the decoder must agree on the width of a code"
        )
    _check_place(code, "code", network)
    if not torch.isfinite(code).all():
        raise ValueError(
            f"code must be finite, received {int((~torch.isfinite(code)).sum())} entries that are not"
        )


def check_points(n_points: object) -> None:
    """Raise `ValueError` unless `n_points` is a number of points."""
    check_integer("n_points", n_points, 1)


def check_fixed_points(n_points: int | None, built_for: int, instead: str) -> None:
    """Raise `ValueError` when a decoder whose weights fix the number of points is asked for another."""
    if n_points not in (None, built_for):
        raise ValueError(
            f"n_points must be {built_for} or None, received {n_points!r}: the weights of this decoder fix the "
            f"number of points; build it with n_points={n_points!r}, or take {instead}"
        )


def check_widths(widths: Sequence[int], name: str) -> None:
    """Raise `ValueError` unless `widths` are the sizes of one layer or more."""
    if len(widths) == 0 or any(not isinstance(w, int) or w < 1 for w in widths):
        raise ValueError(f"{name} must be one or more layer widths of at least 1, received {widths!r}")


def _check_place(x: Tensor, name: str, network: nn.Module) -> None:
    weight = next(network.parameters())
    if x.device != weight.device:
        raise ValueError(
            f"{name} must be on the device of the network, {weight.device}, received {x.device}; "
            f"call {name}.to({str(weight.device)!r}) or move the network"
        )
    # Under autocast the number types are mixed on purpose.
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        raise ValueError(
            f"{name} must have the dtype of the network, {_short(weight.dtype)}, received {_short(x.dtype)}; "
            f"convert it with {name}.to({weight.dtype}), or the network with .to({x.dtype})"
        )


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
