"""CALoss: two clouds are compared by what a small network, trained against the task, says of each."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_not_negative, check_option, check_positive
from pcl_lib.data.transforms import jitter
from pcl_lib.losses._adaptive_pooling import FORMS, adaptive_pooling
from pcl_lib.losses._trainable import check_batch
from pcl_lib.models import MLP

POOLINGS = ("adaptive", "max", "mean")
CONTROLLERS = ("both", "max", "mean")
NEGATIVES = ("adversarial", "in-batch")
WEIGHTS = ("released", "plain", "constant", "none")

WIDTH = 128
"""Numbers of a representation."""
RECIPROCAL = 1.613
"""Mean of 1 / mean(abs(noise of a point)) for a noise of standard deviation 1 on three axes."""
_SMALLEST = 1e-8


class CALoss(nn.Module):
    r"""The distance of two clouds in a space of representations that is learnt against the network which uses it.

    .. math:: L_T = \frac1B \sum_b \lVert C_g - C_o \rVert_1

    f maps each point to 128 features, h makes widths delta of the truth's features, and `adaptive_pooling` with these
    widths makes the representation C of the truth S_g, of what the task network made (S_o), and of a slightly perturbed
    truth (S_p). The task network descends L_T (`task`); the loss's own networks descend (`own`)

    .. math:: L_C = -\log(L_r + 10^{-8}) + \epsilon \, w L_p + \epsilon_w \operatorname{mean}(\delta)

    with L_r = L_T, L_p = the distance of truth and perturbed truth: they look for differences between truth and
    output, while a shape and the same shape with noise must stay close. The defaults are the released code's, for the
    paper gives none of the constants. A learned loss is called like a distance, ``loss(made, truth)``, which is `task`.

    - `dim`: coordinates of a point.
    - `form`: of the pooling, see `adaptive_pooling`.
    - `pooling`: "adaptive", or "max" or "mean" in its place (Table 8), without h.
    - `controller`: what h sees: "both" the maximum and the mean of the features, or one of them (Table 7).
    - `contrast`: whether L_p is there (Table 6).
    - `negatives`: "adversarial", the term -log(L_r + 1e-8); "in-batch", the mean over all pairs of truths of
      exp(-mean_c (C_i - C_j)^2); None, no such term, and representations go to zero (Table 6).
    - `weight`: w. "released": the mean over clouds and points of L_p / mean_xyz abs(noise of the point); "plain":
      L_p / mean abs(noise), means over everything; "constant": 1.613 / sigma, which is what the released one
      comes to in 3-D; "none": 1.
    - `eps`, `width`: the factors of w L_p and of mean(delta).
    - `sigma`, `clip`: of the perturbation, `transforms.jitter`, in the unit of the clouds.

    Shapes: made (B, M, dim), truth (B, N, dim), to (B,) for `task` and () for `own`; M and N may differ, and from
    those of the training. Range: task at least 0, own at most 18.4 + the other terms (18.4 for equal clouds). Zero
    for equal clouds, and for others too. Not symmetric, for the widths are those of the truth; at fixed widths a
    pseudometric. Invariant to the order of the points. 8,576 + 65,920 parameters. Cost: O(B (M + N) 128) in time and
    memory. Errors: `ValueError` for an option out of range, clouds that are not a batch of this dimension or not
    finite, one cloud alone with the in-batch term. Reference: huang2023caloss.

    >>> _ = torch.manual_seed(0)
    >>> loss, clouds = CALoss(), torch.rand(2, 64, 3)
    >>> loss(clouds, clouds).tolist(), round(loss.own(clouds, clouds).item())
    ([0.0, 0.0], 18)
    """

    def __init__(
        self,
        dim: int = 3,
        *,
        form: str = "released",
        pooling: str = "adaptive",
        controller: str = "both",
        contrast: bool = True,
        negatives: str | None = "adversarial",
        weight: str = "released",
        eps: float = 0.003,
        width: float = 2.0,
        sigma: float = 0.003,
        clip: float = 0.2,
    ) -> None:
        super().__init__()
        check_option("form", form, FORMS)
        check_option("pooling", pooling, POOLINGS)
        check_option("controller", controller, CONTROLLERS)
        check_option("weight", weight, WEIGHTS)
        if negatives is not None:
            check_option("negatives", negatives, NEGATIVES)
        if not contrast and negatives is None:
            raise ValueError("without contrast and without negatives the loss has nothing to learn; keep one")
        check_not_negative("eps", eps)
        check_not_negative("width", width)
        check_positive("sigma", sigma, hint="without a perturbation there is no contrast: use contrast=False")
        check_positive("clip", clip)
        self.dim, self.form, self.pooling, self.controller = dim, form, pooling, controller
        self.contrast, self.negatives, self.weight = contrast, negatives, weight
        self.eps, self.width, self.sigma, self.clip = eps, width, sigma, clip
        self.points = MLP(dim, (64, WIDTH), norm=False, slope=0.2)
        self.widths = None
        if pooling == "adaptive":
            seen = 2 * WIDTH if controller == "both" else WIDTH
            self.widths = MLP(seen, (WIDTH,) * 3, norm=False, slope=0.2, end="linear")

    def forward(self, made: Tensor, truth: Tensor, own: bool = False) -> Tensor:
        """`task`, or `own` if asked: what a wrapper for several processes calls."""
        return self.own(made, truth) if own else self.task(made, truth)

    def task(self, made: Float[Tensor, "*b m d"], truth: Float[Tensor, "*b n d"]) -> Float[Tensor, "b"]:
        """What the task network descends: the distance of the two representations, one for each cloud."""
        check_batch(made, truth, self.dim)
        features = self.points(truth)
        delta = self.delta(features)
        return _distance(self._pool(features, delta), self.represent(made, delta))

    def own(
        self, made: Float[Tensor, "*b m d"], truth: Float[Tensor, "*b n d"], perturbed: Tensor | None = None
    ) -> Float[Tensor, ""]:
        """What the loss's own networks descend. `perturbed` (B, N, dim) takes the place of the drawn S_p."""
        check_batch(made, truth, self.dim)
        features = self.points(truth)
        delta = self.delta(features)
        code = self._pool(features, delta)
        total = code.new_zeros(())
        if self.negatives == "adversarial":
            total = total - torch.log(_distance(code, self.represent(made, delta)).mean() + _SMALLEST)
        elif self.negatives == "in-batch":
            total = total + _crowding(code)
        if self.contrast:
            if perturbed is None:
                seed = int(torch.randint(2**31, ()))
                perturbed = jitter(truth, sigma=self.sigma, clip=self.clip, seed=seed)
            apart = _distance(code, self.represent(perturbed, delta))
            total = total + self.eps * self._weighted(apart, perturbed - truth)
        if delta is not None:
            total = total + self.width * delta.mean()
        return total

    def delta(self, features: Float[Tensor, "b n c"]) -> Float[Tensor, "b c"] | None:
        """The widths of the pooling, from the features of the truth; None for a pooling that has none."""
        if self.widths is None:
            return None
        seen = {"max": features.max(1).values, "mean": features.mean(1)}
        wanted = ("max", "mean") if self.controller == "both" else (self.controller,)
        raw = self.widths(torch.cat([seen[name] for name in wanted], -1))
        return raw.square()

    def represent(
        self, cloud: Float[Tensor, "b n d"], delta: Float[Tensor, "b c"] | None
    ) -> Float[Tensor, "b c"]:
        """The representation of a cloud under the widths `delta`."""
        return self._pool(self.points(cloud), delta)

    def _pool(self, features: Tensor, delta: Tensor | None) -> Tensor:
        if delta is not None:
            return adaptive_pooling(features, delta, form=self.form)
        return features.max(1).values if self.pooling == "max" else features.mean(1)

    def _weighted(self, apart: Tensor, noise: Tensor) -> Tensor:
        """w L_p, the contrast with its weight."""
        if self.weight == "none":
            return apart.mean()
        if self.weight == "constant":
            return apart.mean() * RECIPROCAL / self.sigma
        if self.weight == "plain":
            return apart.mean() / noise.abs().mean()
        size = noise.abs().mean(-1)  # (B, N)
        if not bool((size > 0).all()):
            raise ValueError(
                f"each point of perturbed must differ from the truth's, received {int((size == 0).sum())} that do not "
                "move in any axis, whose weight would be infinite; perturb them, or take weight='plain'"
            )
        return (apart[:, None] / size).mean()


def _distance(one: Tensor, other: Tensor) -> Tensor:
    return (one - other).abs().sum(-1)


def _crowding(code: Tensor) -> Tensor:
    """Large where the clouds of a batch have like representations; the diagonal is part of the released mean."""
    if len(code) < 2:
        raise ValueError("the in-batch term needs a batch of at least two clouds, received one")
    apart = (code[:, None] - code[None]).square().mean(-1)
    return torch.exp(-apart).mean()
