"""Which items make up the batch of a step: a pure function of the seed and the step."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor


def batch_rows(step: int, n_items: int, batch_size: int, seed: int) -> Int64[Tensor, " b"]:
    """Rows of the data in the batch of a step, counted from 0, of all processes together.

    Each epoch goes through the items in a new order, which depends on the seed and the epoch alone, and leaves out
    the last n_items % batch_size of that order: all batches have one size.

    >>> [batch_rows(step, 5, 2, seed=0).tolist() for step in range(4)]
    [[2, 4], [3, 0], [1, 4], [3, 0]]
    """
    epoch, turn = divmod(step, n_items // batch_size)
    return _order(n_items, seed, epoch)[turn * batch_size : (turn + 1) * batch_size]


@lru_cache(maxsize=2)
def _order(n_items: int, seed: int, epoch: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(n_items))
