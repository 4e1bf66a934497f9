"""What keeps a critic smooth: penalties on its gradient by what it is shown."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_not_negative, check_option

FORMS = ("released", "squares")

Critic = Callable[[Tensor], Tensor]


def interpolate_penalty(
    critic: Critic, real: Float[Tensor, "b ..."], fake: Float[Tensor, "b ..."], *, weight: float = 10.0
) -> Float[Tensor, ""]:
    r"""WGAN-GP's penalty: the critic's gradient has length 1 between what is real and what was made.

    .. math:: w \, \operatorname{mean}_b \bigl( \lVert \nabla D(\hat x_b) \rVert - 1 \bigr)^2, \quad
        \hat x_b = x_b + u_b (\tilde x_b - x_b), \; u_b \sim U(0, 1)

    - `weight`: w. ShapeGF says WGAN-GP and no number; 10, and five steps of the critic for one of the generator, are
      WGAN-GP's own.

    Of clouds, x_b and the cloud that was made are mixed point by point, in the order in which their points stand. The
    shares u come from torch's global generator.
    Shapes: real and fake (B, ..), alike; result (). Range: at least 0. Gradient: to the weights of the critic. Cost:
    one pass through the critic, back, and back through that. Errors: `ValueError` for shapes that differ, for a
    critic without a value for each row. Reference: gulrajani2017wgangp, cai2020shapegf.

    >>> x = torch.rand(4, 2)
    >>> interpolate_penalty(lambda x: x @ torch.tensor([3.0, 4.0]), x, x + 1).item()  # a gradient of length 5
    160.0
    """
    check_not_negative("weight", weight)
    if real.shape != fake.shape:
        raise ValueError(
            f"real and fake must have one shape, received {tuple(real.shape)} and {tuple(fake.shape)}; draw as many as "
            "the batch holds"
        )
    share = torch.rand(len(real), *[1] * (real.ndim - 1), device=real.device, dtype=real.dtype)
    between = real.detach() + share * (fake - real).detach()
    return weight * (_gradient_lengths(critic, between) - 1).square().mean()


def zero_centred_penalty(
    critic: Critic,
    real: Float[Tensor, "b ..."],
    fake: Float[Tensor, "b ..."] | None = None,  # noqa: ARG001 (called as the other penalty is)
    *,
    weight: float = 1.0,
    form: str = "released",
) -> Float[Tensor, ""]:
    r"""ShapeGF's released penalty: the critic's gradient vanishes at what is real.

    .. math:: w \, \bigl( \operatorname{mean}_b \lVert \nabla D(x_b) \rVert \bigr)^2

    - `weight`: w, with one step of the critic for one of the generator;
    - `form`: "released" squares the mean of the lengths, as above; "squares" is the mean of their squares, which
      Mescheder et al. describe (their weight is halved).

    Shapes: real (B, ..), result (). `fake` is not looked at. Range: at least 0; "squares" is never below "released".
    Gradient, cost and errors: as `interpolate_penalty`. Reference: cai2020shapegf (by its code), mescheder2018gan.

    >>> x = torch.tensor([[0.0], [1.0]])
    >>> [zero_centred_penalty(lambda x: (x**2).sum(-1), x, form=form).item() for form in ("released", "squares")]
    [1.0, 2.0]
    """
    check_not_negative("weight", weight)
    check_option("form", form, FORMS)
    lengths = _gradient_lengths(critic, real)
    return weight * (lengths.mean().square() if form == "released" else lengths.square().mean())


def _gradient_lengths(critic: Critic, x: Tensor) -> Float[Tensor, "b"]:
    """Length of the critic's gradient by each row, which itself can be descended."""
    x = x.detach().requires_grad_()
    values = critic(x)
    if values.numel() != len(x):
        raise ValueError(
            f"critic must return one value for each of {len(x)} rows, received shape {tuple(values.shape)}"
        )
    (gradient,) = torch.autograd.grad(values.sum(), x, create_graph=True)
    return gradient.flatten(1).norm(dim=1)
