"""The one number a pair that a distance stands for, whatever else it returns."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Valued(Protocol):
    """A result that holds its value beside a matching, a plan or parts of itself."""

    @property
    def value(self) -> Tensor: ...


def value_of(result: object, name: str) -> Tensor:
    """The tensor of values, itself or the `.value` of what came; `name` is the function in the message.

    >>> import torch
    >>> from pcl_lib.distances import emd
    >>> value_of(emd(torch.tensor([[0.0]]), torch.tensor([[2.0]])), "distance").item()
    2.0
    """
    value = result if isinstance(result, Tensor) else getattr(result, "value", None)
    if not isinstance(value, Tensor):
        raise ValueError(
            f"{name} must return a tensor of values, or a result whose .value is one, received "
            f"{type(result).__name__}; wrap it in a function that returns the tensor"
        )
    return value
