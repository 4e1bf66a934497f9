"""The search as the functions call it: outside of autograd, and also under the transforms of `torch.func`."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.autograd import Function

from pcl_lib._checks import in_transform
from pcl_lib.neighbors._backends import search, search_each_way


def find(x: Tensor, y: Tensor, k: int, backend: str) -> Tensor:
    """Index (B, N, k) of the k nearest points of `y` (B, M, D) to each point of `x` (B, N, D), nearest first."""
    if in_transform():
        return _Find.apply(x.detach(), y.detach(), k, backend)
    return search(x.detach(), y.detach(), k, backend)


def find_each_way(x: Tensor, y: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of `y` to each of `x`, and (B, M, 1) of `x` to each of `y`."""
    if in_transform():
        return _Find.apply(x.detach(), y.detach(), 1, backend), _Find.apply(
            y.detach(), x.detach(), 1, backend
        )
    return search_each_way(x.detach(), y.detach(), backend)


class _Find(Function):
    @staticmethod
    def forward(x: Tensor, y: Tensor, k: int, backend: str) -> Tensor:
        return search(x, y, k, backend)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:  # noqa: ARG004
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, ...]:  # noqa: ARG004
        return None, None, None, None

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> None:  # noqa: ARG004
        return None

    @staticmethod
    def vmap(
        info: Any, in_dims: tuple[int | None, ...], x: Tensor, y: Tensor, k: int, backend: str
    ) -> tuple[Tensor, int]:
        # The clouds of all elements are one larger batch.
        clouds = [
            cloud.movedim(dim, 0) if dim is not None else cloud.expand(info.batch_size, *cloud.shape)
            for cloud, dim in zip((x, y), in_dims, strict=False)
        ]
        index = _Find.apply(*(cloud.flatten(0, 1) for cloud in clouds), k, backend)
        return index.unflatten(0, clouds[0].shape[:2]), 0
