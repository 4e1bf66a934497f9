"""The number types of a run: those of networks inside, and that of data, outputs and losses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor

# In "32-true" nothing is converted: networks and data may agree on another number type.
_OUTSIDE = {"64-true": torch.float64, "bf16-mixed": torch.float32}
PRECISIONS = ("32-true", *_OUTSIDE)


class PreciseModule(_FabricModule):
    """Fabric's wrapper, whose inputs and outputs keep the number type of the data.

    Fabric's own would round coordinates to bfloat16 before the network sees them, and float64 outputs to float32.
    """

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        precision = self._strategy.precision
        args, kwargs = _cast((args, kwargs), precision.precision)
        with precision.forward_context():
            output = self._forward_module(*args, **kwargs)
        return _cast(output, precision.precision)


def as_run(batch: Any, fabric: Fabric) -> Any:
    """A batch with its floating-point tensors in the number type in which losses are taken."""
    return _cast(batch, fabric.strategy.precision.precision)


@contextmanager
def defaults_of(fabric: Fabric) -> Iterator[None]:
    """Tensors that are made without a device or a number type are those of the run.

    A default device other than the CPU would otherwise split a run on the CPU: torch's optimisers keep counts there.
    """
    before = torch.get_default_dtype()
    other = torch.get_default_device().type not in ("cpu", fabric.device.type)
    if fabric.strategy.precision.precision == "64-true":
        torch.set_default_dtype(torch.float64)
    try:
        if other:
            with fabric.device:
                yield
        else:
            yield
    finally:
        torch.set_default_dtype(before)


def _cast(data: Any, precision: str) -> Any:
    dtype = _OUTSIDE.get(precision)
    if dtype is None:
        return data
    return apply_to_collection(data, Tensor, partial(_float_to, dtype=dtype))


def _float_to(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor
