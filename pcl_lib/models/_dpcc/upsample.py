"""Up-sampling: a point has one to eight children, as many as its features say."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._dpcc.clusters import rows
from pcl_lib.models._dpcc.layers import TwoLayers, directions


class Heads(nn.Module):
    r"""A place and features for each row: a move of learnt length in a mixed direction, and features that are added.

    .. math:: y = x + s(g)\, \frac{u}{\lVert u \rVert}, \qquad u = \sum_j \mathrm{softmax}_j\bigl(w(g)\bigr)\, d_j,
              \qquad f' = f + h(g)

    d are the 43 `directions`; the length s may be negative and has no bound. Each row stands for itself: no norm.
    Shapes: g (n, inputs), points (n, 3), features (n, width), to points and features. Reference: he2022dpcc.
    """

    directions: Tensor

    def __init__(self, inputs: int, width: int, hidden: int) -> None:
        super().__init__()
        toward = directions()
        self.direction = TwoLayers(inputs, hidden, len(toward), norm=False)
        self.scale = TwoLayers(inputs, hidden, 1, norm=False)
        self.features = TwoLayers(inputs, hidden, width, norm=False)
        self.register_buffer("directions", toward.to(torch.get_default_dtype()), persistent=False)

    def forward(
        self, g: Float[Tensor, "n i"], points: Float[Tensor, "n 3"], features: Float[Tensor, "n c"]
    ) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n c"]]:
        toward = F.normalize(self.direction(g).softmax(-1) @ self.directions, dim=-1)
        return points + self.scale(g) * toward, features + self.features(g)


class Upsample(nn.Module):
    r"""One layer of the decoder: each point proposes children, the first so many of them stay and are refined.

    .. math:: n = 1 + (U - 1)\, \mathrm{sigmoid}\bigl(c(f)\bigr), \qquad \text{the first round}(n)
              \text{ of } U \text{ candidates stay}

    Candidate u sees the u-th of U groups of channels alone, with as many channels as there are candidates one; all
    candidates share one set of heads, and each adds to the features of its parent. The refinement sees all channels
    of a child. What is rounded has no gradient: the count learns from losses of the count alone.

    Shapes: points (M, 3), features (M, width), to those of (n, ..) and counts (M,) in (1, U). Children lie in the
    order of their parents. Cost: O(n hidden) memory. Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(Upsample(8, 64, candidates=8))
    9513
    """

    def __init__(self, width: int, hidden: int, *, candidates: int) -> None:
        super().__init__()
        if width % candidates:
            raise ValueError(
                f"width must be a multiple of candidates, which share its channels, received width {width} and "
                f"candidates {candidates}; choose for example width {candidates}"
            )
        self.candidates = candidates
        self.split = Heads(width // candidates, width, hidden)
        self.count = TwoLayers(width, hidden, 1, norm=False)
        self.refine = Heads(width, width, hidden)

    def forward(
        self, points: Float[Tensor, "m 3"], features: Float[Tensor, "m c"]
    ) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n c"], Float[Tensor, "m"]]:
        counts = 1 + (self.candidates - 1) * torch.sigmoid(self.count(features)[:, 0])
        turn = torch.arange(self.candidates, device=points.device)
        # Heads see one row at a time, so that those of candidates that go need not be computed.
        candidate = (turn < counts.detach().round()[:, None]).flatten().nonzero()[:, 0]
        parent = candidate // self.candidates
        channels = rows(features.reshape(len(features) * self.candidates, -1), candidate)
        born, made = self.split(channels, rows(points, parent), rows(features, parent))
        return *self.refine(made, born, made), counts
