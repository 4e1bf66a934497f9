"""What a learned loss is: a module that is called like a distance, and has a loss of its own."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor

from pcl_lib._checks import check_pair


@runtime_checkable
class TrainableLoss(Protocol):
    """A loss with weights of its own, which are trained beside the task network's.

    - `task(made, truth)`: what the task network descends, one value a cloud (B,) or one in all.
    - `own(made, truth)`: what the loss's weights descend, a scalar.

    It is also callable: ``loss(made, truth)`` is `task`, and ``loss(made, truth, own=True)`` is `own`. A closed-form
    distance has the first call and nothing else, so that the two can be swapped.
    `pcl_lib.trainers.LearnedLoss` trains with it.
    """

    def task(self, made: Tensor, truth: Tensor) -> Tensor: ...

    def own(self, made: Tensor, truth: Tensor) -> Tensor: ...


def check_batch(made: Tensor, truth: Tensor, dim: int) -> None:
    """Raise `ValueError` unless both are batches of finite clouds of `dim` coordinates; their sizes may differ."""
    check_pair(made, truth, ("made", "truth"))
    if made.ndim != 3 or made.shape[-1] != dim:
        raise ValueError(
            f"made and truth must be batches (B, N, {dim}), received {tuple(made.shape)} and {tuple(truth.shape)}; "
            "give a single cloud as x[None], and another dimension to the loss"
        )
