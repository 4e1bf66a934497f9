"""Errors at the door: what a cloud must be before any numerics run, one message for each mistake."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

from pcl_lib._fork import one_thread_if_forked

_HALF = (torch.float16, torch.bfloat16)
_FULL = (torch.float32, torch.float64)


def check_cloud(x: object, name: str = "x", dims: int | tuple[int, ...] | None = None) -> None:
    """Raise `ValueError` unless `x` is a cloud: float32 or float64, (N, D) or (B, N, D), finite, not empty.

    `dims` restricts the dimension D to one value or to a few. Coordinates so large that a squared
    distance overflows the number type are refused too, since the result would be a silent infinity.
    Cost: one reduction over the coordinates.
    """
    _check_values(_check_form(x, name, dims), name)


def _check_form(x: object, name: str, dims: int | tuple[int, ...] | None = None) -> Tensor:
    if not isinstance(x, Tensor):
        raise ValueError(
            f"{name} must be a torch.Tensor of shape (N, D) or (B, N, D), received {type(x).__name__}; "
            f"convert it with torch.as_tensor({name}, dtype=torch.float32)"
        )
    if x.dtype in _HALF:
        raise ValueError(
            f"{name} must be float32 or float64, received half precision {_short(x.dtype)}: squared distances "
            f"need the range; call {name}.float() first"
        )
    if x.dtype not in _FULL:
        kind = "an integer tensor" if not (x.is_complex() or x.is_floating_point()) else "a tensor"
        raise ValueError(
            f"{name} must be float32 or float64, received {kind} of dtype {_short(x.dtype)}; "
            f"call {name}.float() first"
        )
    shape = tuple(x.shape)
    if x.ndim not in (2, 3):
        fix = f"; add the missing axis with {name}[None]" if x.ndim == 1 else ""
        raise ValueError(
            f"{name} must have shape (N, D) or (B, N, D), received {x.ndim}-D shape {shape}{fix}"
        )
    if x.numel() == 0:
        raise ValueError(
            f"{name} is empty: received shape {shape}, a cloud needs at least one point and one axis"
        )
    allowed = (dims,) if isinstance(dims, int) else dims
    if allowed is not None and shape[-1] not in allowed:
        wanted = " or ".join(str(d) for d in allowed)
        hint = f"; is it transposed? try {name}.mT" if shape[-2] in allowed else ""
        raise ValueError(f"{name} must have D = {wanted} in its last axis, received shape {shape}{hint}")
    return x.detach()


def check_pair(x: object, y: object, names: tuple[str, str] = ("x", "y"), same_size: bool = False) -> None:
    """Raise `ValueError` unless `x` and `y` are clouds that can be compared with each other.

    Same device, dtype, rank, batch size and dimension D; with `same_size` the same number of points too.
    """
    a, b = names
    x, y = _check_form(x, a), _check_form(y, b)
    if x.device != y.device:
        raise ValueError(
            f"{a} and {b} must be on one device, received {x.device} and {y.device}; "
            f"move one with {b}.to({a}.device)"
        )
    if x.dtype != y.dtype:
        raise ValueError(
            f"{a} and {b} must have one dtype, received {_short(x.dtype)} and {_short(y.dtype)}; "
            f"convert one with {b}.to({a}.dtype)"
        )
    if x.ndim != y.ndim:
        wanted, fix = "both be (N, D) or both (B, N, D)", "add a batch axis with [None]"
    elif x.shape[-1] != y.shape[-1]:
        wanted, fix = "have the same dimension D in the last axis", "is one of them transposed? see .mT"
    elif x.ndim == 3 and x.shape[0] != y.shape[0]:
        wanted, fix = (
            "have the same batch size in the first axis",
            "repeat a single one with .expand(B, -1, -1)",
        )
    elif same_size and x.shape[-2] != y.shape[-2]:
        wanted, fix = "have the same number of points", "resample the larger one"
    else:
        _check_values(x, a)
        _check_values(y, b)
        return
    raise ValueError(
        f"{a} and {b} must {wanted}, received {a} {tuple(x.shape)} and {b} {tuple(y.shape)}; {fix}"
    )


def _check_values(x: Tensor, name: str) -> None:
    one_thread_if_forked()  # before the first of torch's reductions
    limit = largest_coordinate(x.dtype, x.shape[-1])
    flat = x.reshape(-1)
    # The sum of squares bounds every coordinate and is not finite when one of them is not: one cheap reduction
    # answers all three questions for any ordinary cloud.
    if float(torch.dot(flat, flat)) <= limit * limit:
        return
    low, high = (float(v) for v in torch.aminmax(x))
    if -limit <= low and high <= limit:
        return
    if math.isfinite(low) and math.isfinite(high):
        raise ValueError(
            f"{name} has coordinates up to {max(-low, high):.3g}: squared distances overflow {_short(x.dtype)} "
            f"beyond {limit:.2g} in {x.shape[-1]}-D; rescale the clouds" + _wider(x.dtype, name)
        )
    bad = (~torch.isfinite(x)).nonzero()
    first = bad[0].tolist()
    value = float(x[tuple(first)])
    raise ValueError(
        f"{name} must be finite, received {value} at {name}{first} "
        f"({len(bad)} bad of {x.numel()} coordinates, shape {tuple(x.shape)}); remove or mend these points"
    )


@lru_cache(maxsize=64)
def largest_coordinate(dtype: torch.dtype, dim: int) -> float:
    """Largest absolute coordinate for which no squared distance in `dim` dimensions overflows `dtype`."""
    return 0.5 * math.sqrt(torch.finfo(dtype).max / dim) * (1 - 1e-6)


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _wider(dtype: torch.dtype, name: str) -> str:
    return f" or use {name}.double()" if dtype == torch.float32 else ""
