"""Errors at the door: what a cloud must be before any numerics run, one message for each mistake."""

from __future__ import annotations

import math
import operator
from functools import lru_cache

import torch
from torch import Tensor
from torch._C import _functorch
from torch.autograd import forward_ad

from pcl_lib._fork import one_thread_if_forked

_HALF = (torch.float16, torch.bfloat16)
_FULL = (torch.float32, torch.float64)


def check_cloud(x: object, name: str = "x", dims: int | tuple[int, ...] | None = None) -> None:
    """Raise `ValueError` unless `x` is a cloud: float32 or float64, (N, D) or (B, N, D), finite, not empty.

    `dims` restricts the dimension D to one value or to a few. Coordinates so large that a squared
    distance overflows the number type are refused too, since the result would be a silent infinity.
    Cost: one reduction over the coordinates.
    """
    x = _check_form(x, name, dims)
    _sum_of_squares(x, name, _norms(name, x)[0])


def as_cloud(x: Tensor, name: str = "x") -> Tensor:
    """The cloud `x` as a function computes with it: half precision widened to float32, then `check_cloud`."""
    x = _widened(x)
    check_cloud(x, name)
    return x


def _check_form(x: object, name: str, dims: int | tuple[int, ...] | None = None) -> Tensor:
    if not isinstance(x, Tensor):
        raise ValueError(
            f"{name} must be a torch.Tensor of shape (N, D) or (B, N, D), received {type(x).__name__}; "
            f"convert it with torch.as_tensor({name}, dtype=torch.float32)"
        )
    if x.is_nested:
        raise ValueError(
            f"{name} must be an ordinary tensor, received a nested one; pcl_lib.neighbors.pad_clouds({name}.unbind()) "
            "gives a batch and its lengths, to be passed as lengths_x or lengths_y"
        )
    if x.layout != torch.strided:
        raise ValueError(
            f"{name} must be a dense tensor, received layout {_short(x.layout)}; call {name}.to_dense() first"
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


def check_pair(
    x: object,
    y: object,
    names: tuple[str, str] = ("x", "y"),
    same_size: bool = False,
    any_scale: bool = False,
) -> None:
    """Raise `ValueError` unless `x` and `y` are clouds that can be compared with each other.

    Same device, dtype, rank, batch size and dimension D; with `same_size` the same number of points too. Two clouds
    so small that the squares of their distances underflow are refused; one of them may be, and both may be all zero.
    `any_scale`: not even that, by functions that scale the clouds themselves.
    """
    a, b = names
    if isinstance(x, Tensor) and isinstance(y, Tensor) and x.dtype != y.dtype:
        _check_form(x.double() if x.dtype in _HALF else x, a)
        _check_form(y.double() if y.dtype in _HALF else y, b)
        raise ValueError(
            f"{a} and {b} must have one dtype, received {_short(x.dtype)} and {_short(y.dtype)}; "
            f"convert one with {b}.to({a}.dtype)"
        )
    x, y = _check_form(x, a), _check_form(y, b)
    if x.device != y.device:
        raise ValueError(
            f"{a} and {b} must be on one device, received {x.device} and {y.device}; "
            f"move one with {b}.to({a}.device)"
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
        norms = _norms(a, x, y)
        total = max(_sum_of_squares(x, a, norms[0]), _sum_of_squares(y, b, norms[1]))
        if not any_scale:
            _check_not_tiny(x, y, total, norms[2:], names)
        return
    raise ValueError(
        f"{a} and {b} must {wanted}, received {a} {tuple(x.shape)} and {b} {tuple(y.shape)}; {fix}"
    )


def as_pair(
    x: Tensor,
    y: Tensor,
    names: tuple[str, str] = ("x", "y"),
    same_size: bool = False,
    any_scale: bool = False,
) -> tuple[Tensor, Tensor]:
    """The clouds as a distance computes with them: half precision widened to float32, then `check_pair`.

    Squared distances need float32, so that is what a distance of float16 or bfloat16 clouds returns, as torch's own
    losses do under autocast; gradients arrive in the dtype of the clouds. Under autocast a prediction in half
    precision may meet a target in float32.
    """
    if _is_half(x) or _is_half(y):
        together = isinstance(x, Tensor) and isinstance(y, Tensor) and x.dtype == y.dtype
        if together or _autocast(x):
            x, y = _widened(x), _widened(y)
    check_pair(x, y, names, same_size, any_scale)
    return x, y


def _widened(x: Tensor) -> Tensor:
    return x.float() if _is_half(x) else x


def _is_half(x: object) -> bool:
    return isinstance(x, Tensor) and x.dtype in _HALF


def _autocast(x: object) -> bool:
    return isinstance(x, Tensor) and torch.is_autocast_enabled(x.device.type)


def _norms(name: str, *clouds: Tensor) -> list[float]:
    """The norm of all coordinates of each cloud, of one device, in one wait for it.

    Of two batches also, of the first point of each cloud of the first batch, the largest coordinate; the least of them.
    """
    one_thread_if_forked()  # before the first of torch's reductions
    device = clouds[0].device.type
    if device == "meta":
        raise ValueError(f"{name} must hold values, received a tensor on the meta device, which has none")
    # Not torch.dot, which asks a BLAS whose threads spin long after, to the harm of a small search that follows.
    norms = [torch.linalg.vector_norm(_unwrapped(x).reshape(-1)) for x in clouds]
    if len(clouds) == 2 and clouds[0].ndim == 3:
        norms.append(_unwrapped(clouds[0])[:, 0].abs().amax(1).amin())
    return [float(norm) for norm in norms] if device == "cpu" else torch.stack(norms).tolist()


def _sum_of_squares(x: Tensor, name: str, norm: float) -> float:
    """Sum of the squared coordinates, once they are known to be finite and not too large."""
    # It bounds every coordinate and is not finite when one of them is not: one cheap reduction answers all questions
    # for any ordinary cloud.
    limit = largest_coordinate(x.dtype, x.shape[-1])
    x = _unwrapped(x)
    total = norm * norm
    if total <= limit * limit:
        return total
    low, high = (float(v) for v in torch.aminmax(x))
    if -limit <= low and high <= limit:
        return total
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


def _check_not_tiny(
    x: Tensor, y: Tensor, sum_of_squares: float, least: list[float], names: tuple[str, str]
) -> None:
    small = smallest_coordinate(x.dtype)
    if x.ndim == 2 and sum_of_squares > small * small * max(x.numel(), y.numel()):
        return
    shapes = x.shape, y.shape
    x, y = _unwrapped(x), _unwrapped(y)
    if (x.shape, y.shape) != shapes:
        return  # under vmap: which cloud belongs to which cannot be seen from here
    # In most batches one point of each cloud tells that it is not tiny.
    if x.ndim == 3 and least[0] >= small:
        return
    peaks = torch.maximum(*(cloud.abs().flatten(-2).amax(-1) for cloud in (x, y)))
    tiny = (peaks > 0) & (peaks < small)
    if bool(tiny.any()):
        a, b = names
        raise ValueError(
            f"{a} and {b} have coordinates of at most {float(peaks[tiny].max()):.3g}: squared distances underflow "
            f"{_short(x.dtype)} below {small:.2g}; rescale the clouds" + _wider(x.dtype, a, b)
        )


def in_transform() -> bool:
    """Whether a transform of `torch.func` (grad, vjp, jacrev, jvp, vmap ..) or forward-mode autograd is at work.

    Tensors have no memory to read then, except inside of a `Function`.
    """
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def _unwrapped(x: Tensor) -> Tensor:
    """The values behind a tensor that a transform of `torch.func` sees: finite and small enough for all, or not."""
    while _functorch.is_functorch_wrapped_tensor(x):
        x = _functorch.get_unwrapped(x)
    return x if x.ndim <= 3 else x.flatten(0, -3)


def check_integer(
    name: str, value: object, low: int, high: int | None = None, of: str = "", hint: str = ""
) -> int:
    """The integer `value` from `low` to `high`, as `int`, or `ValueError`. numpy's integers are integers, bool is not.

    `of` says in the message what the upper end is, `hint` ends it.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or number < low or (high is not None and number > high):
        wanted = f"of at least {low}" if high is None else f"from {low} to {of or high}"
        raise ValueError(f"{name} must be an integer {wanted}, received {value!r}{hint}")
    return number


def check_positive(name: str, value: object, unit: str = "", hint: str = "") -> None:
    """Raise `ValueError` unless a parameter is a positive, finite number."""
    if not _finite(value) > 0:
        wanted = f"a positive, finite {unit}" if unit else "positive and finite"
        raise ValueError(f"{name} must be {wanted}, received {value!r}{hint}")


def check_not_negative(name: str, value: object) -> None:
    """Raise `ValueError` unless a parameter is a finite number of at least 0."""
    if not _finite(value) >= 0:
        raise ValueError(f"{name} must be a finite number of at least 0, received {value!r}")


def _finite(value: object) -> float:
    """The number, or nan, which no comparison lets pass: for text, None, a truth value, a tensor of several numbers."""
    try:
        finite = not isinstance(value, bool) and math.isfinite(value)  # type: ignore[arg-type]
        return float(value) if finite else math.nan  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return math.nan


def check_option(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise `ValueError` unless an option has one of its values."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, received {value!r}")


def if_transposed(x: Tensor, name: str) -> str:
    """The hint that an error about the number of points ends with where (3, N) may stand for (N, 3)."""
    points, dim = x.shape[-2:]
    return f"; is it transposed? try {name}.mT" if points in (2, 3) and dim > points else ""


@lru_cache(maxsize=64)
def largest_coordinate(dtype: torch.dtype, dim: int) -> float:
    """Largest absolute coordinate for which no squared distance in `dim` dimensions overflows `dtype`."""
    return 0.5 * math.sqrt(torch.finfo(dtype).max / dim) * (1 - 1e-6)


@lru_cache(maxsize=8)
def smallest_coordinate(dtype: torch.dtype) -> float:
    """Size of a cloud down to which the square of its 3,000th part (float64: its 10^8th) does not underflow."""
    kind = torch.finfo(dtype)
    return math.sqrt(kind.tiny / kind.eps)


def _short(kind: torch.dtype | torch.layout) -> str:
    return str(kind).removeprefix("torch.")


def _wider(dtype: torch.dtype, *names: str) -> str:
    return " or use " + " and ".join(f"{name}.double()" for name in names) if dtype == torch.float32 else ""
