"""Points that move by themselves: a loss followed downhill on coordinates, with no network in between."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pcl_lib._checks import check_integer, check_not_negative, check_positive
from pcl_lib._seeded import seeded


def gradient_flow(
    start: Tensor,
    loss: Callable[[Tensor], Tensor],
    *,
    steps: int,
    rate: float,
    every: int | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> tuple[Tensor, list[Tensor]]:
    r"""Plain gradient descent on the points of a cloud: where a loss alone takes them.

    .. math:: x \leftarrow x - \text{rate} \cdot N \, \nabla_x \, \text{loss}

    For a loss that is a mean over N points this is a step of `rate` times the gradient of one point's own term. It is
    taken `steps` + 1 times, from step 0 to step `steps`.

    - `start`: (N, D), left as it is. `loss`: takes the points (N, D), gives a scalar tensor;
    - `steps`: the number of the last step, at least 1;
    - `rate`: step length per point, above 0; without a unit for a loss of squared lengths, a length for one of lengths;
    - `every`: keep the points before every such step; None keeps none;
    - `noise`: standard deviation of a Gaussian push after each step, which fades linearly to nothing;
    - `seed`: of that push.

    Returns the points at the end (N, D), and the list of kept ones (the start first).
    Cost: one gradient of `loss` a step. Errors: `ValueError` for a number out of range, or a loss that is no scalar.

    >>> from pcl_lib.distances import chamfer
    >>> target = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
    >>> end, path = gradient_flow(target + 0.1, lambda x: chamfer(x, target), steps=100, rate=0.1, every=50)
    >>> round(chamfer(end, target).item(), 6), len(path)
    (0.0, 3)
    """
    steps = check_integer("steps", steps, 1)
    check_positive("rate", rate)
    check_not_negative("noise", noise)
    if every is not None:
        every = check_integer("every", every, 1)
    points = start.detach().clone()
    path: list[Tensor] = []
    generator = seeded(check_integer("seed", seed, 0))
    for step in range(steps + 1):
        if every is not None and step % every == 0:
            path.append(points.clone())
        points.requires_grad_(True)
        value = loss(points)
        if value.ndim != 0:
            raise ValueError(
                f"loss must give a scalar tensor, received shape {tuple(value.shape)}; take its mean or sum"
            )
        (gradient,) = torch.autograd.grad(value, points)
        points = points.detach() - rate * len(points) * gradient
        if noise:
            push = torch.randn(points.shape, generator=generator, dtype=points.dtype).to(points.device)
            points = points + noise * (1 - step / steps) * push
    return points, path
