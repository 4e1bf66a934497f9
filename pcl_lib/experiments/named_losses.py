"""From the name of a loss, as settings and records hold it, to the loss.

One name may mean different things in different papers: "CD" is of squares in the experiments on auto-encoders and of
lengths in those on completion. So there is a function for each, and a record keeps its meaning.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from pcl_lib.distances import (
    auction,
    chamfer,
    dcd,
    hyper_cd,
    info_cd,
    released_landau_cd,
    sinkhorn,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.losses import CALoss, PCLoss, crnd, pfd, pud

Loss = Callable[[Tensor, Tensor], Tensor]

AUTOENCODER_LOSSES = ("CD", "CD lengths", "augmented CD", "EMD", "Sinkhorn")

# The weights of Landau CD's results table, with its parameters as the library has them.
WEIGHED = {
    "Weibull CD": "weibull",
    "Normal CD": "normal",
    "Logistic CD": "logistic",
    "Log-Logistic CD": "log-logistic",
    "Extreme-Value CD": "extreme value",
    "Chi-Squared CD": "chi-squared",
    "Gamma CD": "gamma",
    "Landau CD": "landau",
}

# The rate of Adam that each learned loss is trained with: CALoss's released code.
LOSS_RATES = {"PUD": 1e-5, "PFD": 1e-4, "CRND": 5e-5, "PCLoss": 5e-3, "CALoss": 3e-3}
CLOSED_FORMS = ("CD lengths", "CD", "EMD", "Sinkhorn", "DCD")
TABLE_LOSSES = (*CLOSED_FORMS, *LOSS_RATES)


def autoencoder_loss(loss: str, *, blur: float, scaling: float) -> Loss:
    """The loss of that name in the experiments on auto-encoders: of (output, input), a value per cloud."""
    functions: dict[str, Loss] = {
        "CD": chamfer,
        "CD lengths": lambda y, x: chamfer(y, x, squared=False),
        "augmented CD": lambda y, x: chamfer(y, x, squared=False, combine="max"),
        "EMD": lambda y, x: auction(y, x).value,
        "Sinkhorn": lambda y, x: sinkhorn(y, x, blur=blur, scaling=scaling),
    }
    return functions[loss]


def completion_loss(loss: str, *, one_sided: bool = False) -> Loss:
    """The loss of that name in the experiments on completion: of (made, truth), a value per cloud.

    Lengths, means, and the sum of both directions; "CD sums" and "released Landau CD" are half of both sums. The
    constants are those of Landau CD's results table. "EMD" holds a stage against as many farthest points of the truth,
    which must lie in that order. "InfoCD" has half its contrast: with all of it, the gradient asks for even distances
    alone, not for small ones. `one_sided`: the direction from the first cloud to the second alone.
    """
    combine = "forward" if one_sided else "sum"
    if loss in WEIGHED:
        return lambda y, x: weighted_chamfer(y, x, weight=WEIGHED[loss], combine=combine)
    of_sums = "forward" if one_sided else "mean"
    functions: dict[str, Loss] = {
        "CD": lambda y, x: chamfer(y, x, squared=False, combine=combine),
        "truncated CD": lambda y, x: truncated_cd(y, x, threshold=0.2, combine=combine),
        "HyperCD": lambda y, x: hyper_cd(y, x, alpha=1.0, combine=combine),
        "CD sums": lambda y, x: chamfer(y, x, squared=False, reduction="sum", combine=of_sums),
        "released Landau CD": lambda y, x: released_landau_cd(y, x, combine=of_sums),
    }
    if not one_sided:
        functions |= {
            "EMD": lambda y, x: auction(y, x[:, : y.shape[1]]).value,
            "DCD": lambda y, x: dcd(y, x, alpha=40.0, n_lambda=0.5),
            "InfoCD": lambda y, x: info_cd(y, x, strength=0.5),
        }
    return functions[loss]


def table_loss(loss: str, *, dim: int = 3, anchors: int = 128) -> Loss | nn.Module:
    """The loss of that name in CALoss's tables: a function, or a module with weights of its own (`LOSS_RATES`).

    "CD" is the sum of both means of squares, "CD lengths" the mean of both means of lengths, which the authors' script
    adds its critics to; "EMD" the mean length by `auction`; "DCD" has the script's constants. `dim`: coordinates of a
    point. `anchors`: of PCLoss, at most the points of a truth.
    """
    makers: dict[str, Callable[[], Loss | nn.Module]] = {
        "CD": lambda: chamfer,
        "CD lengths": lambda: lambda y, x: chamfer(y, x, squared=False, combine="mean"),
        "EMD": lambda: lambda y, x: auction(y, x).value,
        "Sinkhorn": lambda: lambda y, x: sinkhorn(y, x, blur=0.05, scaling=0.5),
        "DCD": lambda: lambda y, x: dcd(y, x, alpha=200.0, n_lambda=0.5, form="released"),
        "PUD": lambda: pud(dim),
        "PFD": lambda: pfd(dim),
        "CRND": lambda: crnd(dim),
        "PCLoss": lambda: PCLoss(dim, anchors=anchors),
        "CALoss": lambda: CALoss(dim),
    }
    return makers[loss]()
