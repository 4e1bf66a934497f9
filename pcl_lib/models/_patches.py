"""Many small networks of one shape, each on its own patch, run as one batched matrix product."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_option
from pcl_lib.models._input_checks import check_widths

INITIALISERS = ("linear", "lecun normal")


class PatchLinear(nn.Module):
    """`patches` fully connected layers side by side: x (P, in, rows) to (P, out, rows).

    Features come before rows, so that batch norm finds its axis without a copy. `initialiser`: "linear", as
    `torch.nn.Linear`, uniform within 1 / sqrt(in), weights and biases; or "lecun normal", weights normal of variance
    1 / in and biases 0, which is what keeps the mean and variance of what SELU makes.
    """

    def __init__(
        self, patches: int, inputs: int, outputs: int, *, bias: bool = True, initialiser: str = "linear"
    ) -> None:
        super().__init__()
        check_option("initialiser", initialiser, INITIALISERS)
        bound = 1 / math.sqrt(inputs)
        weight, shift = torch.empty(patches, outputs, inputs), torch.zeros(patches, outputs, 1)
        if initialiser == "linear":
            weight.uniform_(-bound, bound)
            if bias:
                shift.uniform_(-bound, bound)
        else:
            weight.normal_(std=bound)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(shift) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return self._shifted(self.weight, x)

    def joined(self, points: Tensor, code: Tensor) -> Tensor:
        """The layer on each point joined to its code, without writing the joined array.

        W [p; z] = W_p p + W_z z: the second product, by far the wider, is needed once per code and not once per
        point. points (P, d, B or 1, n), code (P, k, B) with d + k inputs, to (P, out, B, n).
        """
        d = points.shape[1]
        # Split and not sliced: its backward pass writes the gradient of the weights once.
        for_points, for_code = self.weight.split((d, self.weight.shape[-1] - d), -1)
        of_points = torch.bmm(for_points, points.flatten(2)).unflatten(2, points.shape[2:])
        return of_points + self._shifted(for_code, code)[..., None]

    def _shifted(self, weight: Tensor, x: Tensor) -> Tensor:
        return torch.bmm(weight, x) if self.bias is None else torch.baddbmm(self.bias, weight, x)


class PatchMLP(nn.Module):
    """`patches` MLPs of `widths`, `activation` between layers, each patch with weights and batch norm of its own.

    Shapes: code (P, k, B) to (P, widths[-1], B); with points (P, d, B, n), or (P, d, 1, n) for the same points in
    every cloud, each is joined to its code: (P, widths[-1], B, n). `inputs` is k, or d + k. The last layer is
    linear; `norm` puts batch norm after the others; `bias` and `initialiser` ("linear" or "lecun normal") are those
    of all layers.
    Cost: one batched product per layer; the released codes loop over the patches, which on a GPU leaves most of it
    idle. Errors: `ValueError` in training where batch norm meets a single point in a patch.

    >>> PatchMLP(4, 2 + 8, (16, 3))(torch.zeros(4, 8, 5), torch.zeros(4, 2, 1, 100)).shape
    torch.Size([4, 3, 5, 100])
    """

    def __init__(
        self,
        patches: int,
        inputs: int,
        widths: Sequence[int],
        *,
        norm: bool = False,
        activation: type[nn.Module] = nn.ReLU,
        bias: bool = True,
        initialiser: str = "linear",
    ) -> None:
        super().__init__()
        check_widths(widths, "widths")
        check_integer("patches", patches, 1)
        self.activation = activation()
        sizes = (inputs, *widths)
        self.linear = nn.ModuleList(
            PatchLinear(patches, a, b, bias=bias, initialiser=initialiser)
            for a, b in zip(sizes, widths, strict=False)
        )
        self.norm = nn.ModuleList(nn.BatchNorm1d(patches * w) for w in widths[:-1] if norm)

    def forward(self, code: Tensor, points: Tensor | None = None) -> Tensor:
        first, *others = self.linear
        if points is None:
            h = first(code)
        else:
            assert isinstance(first, PatchLinear)
            h = first.joined(points, code)
        shape = h.shape[2:]
        h = h.flatten(2)
        for i, layer in enumerate(others):
            h = layer(self.activation(self._normed(h, i)))
        return h.unflatten(2, shape) if len(shape) > 1 else h

    def _normed(self, h: Tensor, i: int) -> Tensor:
        if len(self.norm) == 0:
            return h
        if self.training and h.shape[-1] == 1:
            raise ValueError(
                "batch norm in training mode needs at least two points in a patch to take a variance, received one; "
                "ask for more points, train on more clouds, or call .eval() first"
            )
        return self.norm[i](h.reshape(1, -1, h.shape[-1])).reshape(h.shape)


def share(n_points: int, patches: int) -> int:
    """Points that each patch makes so that all together make at least `n_points`."""
    return -(-n_points // patches)


def gather_patches(points: Tensor, n_points: int) -> Tensor:
    """One cloud (B, n_points, d) of the points (P, d, B, s) of all patches, P * s >= n_points.

    Point i belongs to patch i % P. What is over, one point at most of each of the last patches, is left out: the
    shares of any two patches differ by one point at most.
    """
    return points.permute(2, 3, 0, 1).flatten(1, 2)[:, :n_points]


def for_patches(code: Tensor, patches: int) -> Tensor:
    """Codes (P, k, B) for all patches, of codes (B, k) that they share."""
    return code.mT.expand(patches, -1, -1)
