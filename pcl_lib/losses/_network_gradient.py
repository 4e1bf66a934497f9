"""What a loss does to a network: its gradient by all parameters at once, and how far apart those of two losses are."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor


def flat_gradient(value: Float[Tensor, "..."], parameters: Iterable[Tensor]) -> Float[Tensor, "w"]:
    """The gradient of `value` (its sum, if it has several entries) by all parameters, as one row.

    The graph is kept, so that several losses of one output can be asked in turn. A parameter that does not enter
    counts as 0. Shapes: value (..), result (W,), the numbers of all parameters. Cost: one backward pass.
    Errors: `RuntimeError` of torch for a value without a graph.

    >>> import torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> flat_gradient((w**2).sum(), [w]).tolist()
    [2.0, 4.0]
    """
    parts = torch.autograd.grad(value.sum(), list(parameters), retain_graph=True, materialize_grads=True)
    return torch.cat([part.flatten() for part in parts])


def gradient_gap(
    loss: Float[Tensor, "..."],
    reference: Float[Tensor, "..."],
    parameters: Iterable[Tensor],
    *,
    up_to_scale: bool = False,
) -> float:
    r"""How far the gradient of a loss is from that of another, relative to the latter.

    .. math:: \lVert s\, \nabla_\omega L - \nabla_\omega L_H \rVert \,/\, \lVert \nabla_\omega L_H \rVert

    - `up_to_scale`: s is the factor that makes the gap least, instead of 1.

    Two losses with a gap of 0 train alike. No unit; at least 0, with the best factor at most 1. Cost: two backward
    passes. Errors: `ValueError` if the reference has no gradient.

    >>> import torch
    >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> round(gradient_gap(w.sum(), (w**2).sum() / 2, [w]), 4), round(gradient_gap(w.sum() * 9, w.sum(), [w]), 4)
    (0.7211, 8.0)
    """
    parameters = list(parameters)
    ours, theirs = flat_gradient(loss, parameters), flat_gradient(reference, parameters)
    length = float(theirs.norm())
    if length == 0:
        raise ValueError(
            "reference must have a gradient by the parameters, received one of length 0; is it at its minimum?"
        )
    if up_to_scale:
        square = ours @ ours
        ours = ours * (ours @ theirs / square) if float(square) > 0 else ours
    return float((ours - theirs).norm()) / length


def gradient_norms(values: Float[Tensor, "j"], parameters: Iterable[Tensor]) -> Float[Tensor, "j"]:
    r"""How much each entry of a row moves with the parameters: :math:`\lVert \partial v_j / \partial \omega \rVert`.

    Shapes: values (J,), result (J,). Cost: one backward pass for each entry. Errors: as `flat_gradient`.

    >>> import torch
    >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> gradient_norms(torch.stack([w.sum(), w.norm()]), [w]).tolist()
    [1.4142, 1.0]
    """
    parameters = list(parameters)
    return torch.stack([flat_gradient(value, parameters).norm() for value in values])
