"""Losses of completion networks, which make a shape in stages: one distance, wherever the Chamfer distance stood."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_not_negative
from pcl_lib.neighbors import farthest_points

Loss = Callable[[Tensor, Tensor], Tensor]

# wentaoyuan/pcn train.py: weights of the fine term, and the steps of a run of 300,000 up to which they hold.
PCN_ALPHAS = (0.01, 0.1, 0.5, 1.0)
PCN_CHANGES = (10_000, 20_000, 50_000)
PCN_STEPS = 300_000


def pcn_loss(
    stages: Sequence[Tensor],
    truth: Float[Tensor, "b n d"],
    *,
    loss: Loss,
    alpha: float,
    last: Loss | None = None,
) -> Float[Tensor, "b"]:
    r"""Loss of PCN: the coarse and the fine completion, each against the whole truth.

    .. math:: d(y_\text{coarse}, x) + \alpha \, d(y_\text{fine}, x)

    - `loss`: d, of (made, truth), with a value per cloud: in the release the Chamfer distance of lengths, or EMD for
      the coarse stage. EMD needs as many points of the truth, and the release gives it the first ones:
      ``lambda y, x: auction(y, x[:, : y.shape[1]]).value``;
    - `alpha`: at least 0; it grows during training, see `pcn_alpha`;
    - `last`: in the place of d at the last stage alone, for example a learned loss.

    Shapes: two stages (B, n_k, D), truth (B, N, D), to (B,). Unit and range: those of d. Gradient: d's, to both
    stages. Cost: d twice. Errors: `ValueError` for other than two stages, clouds that do not pair, an alpha that is
    negative or not finite, a d without a value per cloud. Reference: yuan2018pcn.

    >>> import torch
    >>> from pcl_lib.distances import chamfer
    >>> coarse, fine, truth = torch.tensor([[[1.0]]]), torch.tensor([[[1.0], [2.0]]]), torch.tensor([[[0.0], [2.0]]])
    >>> pcn_loss((coarse, fine), truth, loss=chamfer, alpha=0.5).tolist()
    [2.5]
    """
    _check_stages(stages, truth, 2)
    check_not_negative("alpha", alpha)
    coarse, fine = stages
    return _of(loss, coarse, truth) + alpha * _last(last or loss, fine, truth)


def pcn_alpha(step: int, *, steps: int = PCN_STEPS) -> float:
    """The weight of PCN's fine stage at a step of training: 0.01, 0.1, 0.5, then 1.

    The release changes it after steps 10,000, 20,000 and 50,000 of 300,000. `step` counts the steps done, from 0.

    - `steps`: of the whole run; one of other length changes the weight at the same parts of it.

    Errors: `ValueError` for a step below 0 or a run without steps. Reference: yuan2018pcn.

    >>> [pcn_alpha(step) for step in (0, 10_000, 10_001, 50_001)]
    [0.01, 0.01, 0.1, 1.0]
    >>> pcn_alpha(20, steps=600)
    0.01
    """
    if step < 0 or steps < 1:
        raise ValueError(f"step must be at least 0 and steps at least 1, received {step!r} and {steps!r}")
    return PCN_ALPHAS[sum(step * PCN_STEPS > change * steps for change in PCN_CHANGES)]


def snowflake_loss(
    stages: Sequence[Tensor],
    truth: Float[Tensor, "b n d"],
    *,
    loss: Loss,
    partial: Float[Tensor, "b m d"],
    partial_loss: Loss,
    ordered: bool = False,
    last: Loss | None = None,
) -> Float[Tensor, "b"]:
    r"""Loss of SnowflakeNet: each stage against the truth thinned to its size, and the input against the last.

    .. math:: \sum_{k < K} d\bigl(y_k, \operatorname{fps}_{n_k}(x)\bigr) + d(y_K, x) + d_1(\tilde x, y_K)

    fps takes n_k points of the truth by farthest-point sampling, which starts at its first point; the last stage
    meets the whole truth. Where the release trains with EMD it leaves the last term out, which is `pointattn_loss`.

    - `loss`: d, of (made, truth), with a value per cloud;
    - `partial`: the input of the network;
    - `partial_loss`: d_1, of (partial, made): one-sided, so that the input is kept and the rest is free;
    - `ordered`: the truth lies in farthest-point order, so that its first n_k points are the sample and nothing is
      searched;
    - `last`: in the place of d where the last stage meets the truth, for example a learned loss.

    Shapes: one stage or more (B, n_k, D), truth (B, N, D), partial (B, M, D), to (B,). Unit and range: those of d.
    Gradient: d's, to the stages. Cost: d for each stage, and O(B N n) of sampling, n the largest n_k but the last.
    Errors: `ValueError` for clouds that do not pair, an early stage larger than the truth, a loss without a value
    per cloud. Reference: xiang2021snowflakenet.

    >>> import torch
    >>> from functools import partial
    >>> from pcl_lib.distances import chamfer
    >>> x = torch.tensor([[[0.0], [1.0], [4.0]]])
    >>> one_sided = partial(chamfer, combine="forward")
    >>> snowflake_loss((x[:, :1], x), x, loss=chamfer, partial=x[:, :2] + 0.5, partial_loss=one_sided).tolist()
    [0.25]
    """
    _check_stages(stages, truth)
    _check_batches(partial, "partial", truth)
    return _each_stage(stages, truth, loss, ordered, last) + _of(partial_loss, partial, stages[-1])


def pointattn_loss(
    stages: Sequence[Tensor],
    truth: Float[Tensor, "b n d"],
    *,
    loss: Loss,
    ordered: bool = False,
    last: Loss | None = None,
) -> Float[Tensor, "b"]:
    r"""Loss of PointAttN: each stage against the truth thinned to its size by farthest points, the last against all.

    .. math:: \sum_{k < K} d\bigl(y_k, \operatorname{fps}_{n_k}(x)\bigr) + d(y_K, x)

    As its release trains it; the two early stages are the coarse and the middle one.

    - `loss`, `ordered`, `last`: as in `snowflake_loss`.

    Shapes: one stage or more (B, n_k, D), truth (B, N, D), to (B,). Unit and range: those of d.
    Gradient: d's, to the stages. Cost: d for each stage, and the sampling. Errors: as `snowflake_loss`.
    Reference: wang2024pointattn.

    >>> import torch
    >>> from pcl_lib.distances import chamfer
    >>> x = torch.tensor([[[0.0], [1.0], [4.0]]])
    >>> pointattn_loss((x[:, :2], x), x, loss=chamfer).tolist()  # farthest points: 0 and 4
    [5.0]
    """
    _check_stages(stages, truth)
    return _each_stage(stages, truth, loss, ordered, last)


def folding_loss(
    stages: Sequence[Tensor], truth: Float[Tensor, "b n d"], *, loss: Loss
) -> Float[Tensor, "b"]:
    """Loss of FoldingNet as a completion network: its one stage against the whole truth.

    - `loss`: of (made, truth), with a value per cloud. PoinTr's release adds the same value twice.

    Shapes: one stage (B, n, D), truth (B, N, D), to (B,). Errors: `ValueError` for another number of stages, clouds
    that do not pair, a loss without a value per cloud. Reference: yu2021pointr.

    >>> import torch
    >>> from pcl_lib.distances import chamfer
    >>> folding_loss((torch.zeros(2, 5, 3),), torch.ones(2, 4, 3), loss=chamfer).tolist()
    [6.0, 6.0]
    """
    _check_stages(stages, truth, 1)
    return _of(loss, stages[0], truth)


def _each_stage(
    stages: Sequence[Tensor], truth: Tensor, loss: Loss, ordered: bool, last: Loss | None
) -> Tensor:
    """Sum of the loss over the stages: the last against the truth, those before it against its farthest points."""
    *early, finest = stages
    most = max((stage.shape[1] for stage in early), default=0)
    if most > truth.shape[1]:
        raise ValueError(
            f"every stage but the last must have at most the {truth.shape[1]} points of the truth, from which its own "
            f"truth is sampled, received stages of {[stage.shape[1] for stage in stages]} points"
        )
    spread = truth
    if early and not ordered:
        index = farthest_points(truth, most)
        spread = truth.take_along_dim(index[..., None], 1)
    value = _last(last or loss, finest, truth)
    for stage in early:
        # The farthest points of the farthest points are the first of them.
        value = value + _of(loss, stage, spread[:, : stage.shape[1]])
    return value


def _last(loss: Loss, made: Tensor, truth: Tensor) -> Tensor:
    """The loss of the last stage; a learned one may have one value for the whole batch."""
    if not isinstance(loss, nn.Module):
        return _of(loss, made, truth)
    value: Tensor = loss(made, truth)
    return value.expand(len(truth)) if value.ndim == 0 else value


def _of(loss: Loss, made: Tensor, truth: Tensor) -> Tensor:
    value = loss(made, truth)
    if not isinstance(value, Tensor) or value.shape != truth.shape[:1]:
        received = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(
            f"a loss must give one value per cloud, shape ({len(truth)},), received {received}; leave out its mean "
            "over the batch, or take the field that holds its value"
        )
    return value


def _check_stages(stages: object, truth: Tensor, count: int | None = None) -> None:
    """Stages and truth are batches of clouds that pair; their values are for the loss to check."""
    wanted = "one stage or more" if count is None else "one stage" if count == 1 else f"{count} stages"
    if not isinstance(stages, Sequence) or len(stages) == 0 or count not in (None, len(stages)):
        received = len(stages) if isinstance(stages, Sequence) else type(stages).__name__
        raise ValueError(f"stages must be {wanted}, clouds from coarse to fine, received {received}")
    for k, stage in enumerate(stages):
        _check_batches(stage, f"stages[{k}]", truth)


def _check_batches(cloud: Tensor, name: str, truth: Tensor) -> None:
    shape, wanted = tuple(cloud.shape), tuple(truth.shape)
    if len(wanted) != 3 or len(shape) != 3 or (shape[0], shape[2]) != (wanted[0], wanted[2]):
        raise ValueError(
            f"{name} and truth must be batches (B, n, D) of as many clouds of one dimension, received {shape} and "
            f"{wanted}; add a missing axis with [None]"
        )
