"""Closed-form distances between two clouds: the Chamfer family, Hausdorff, F-score, and those by transport.

The assignments of a decoder's points to those of a cloud. And what a cloud says of any place in space: the density of
Gaussians on its points, its score, its displacement.
"""

from pcl_lib.distances._auction import AUCTION_SETTINGS, Auction, AuctionSettings, auction
from pcl_lib.distances._chamfer import chamfer
from pcl_lib.distances._conventions import CHAMFER_CONVENTIONS, Convention
from pcl_lib.distances._dcd import dcd
from pcl_lib.distances._em_kd import em_kd
from pcl_lib.distances._emd import emd
from pcl_lib.distances._f_score import FScore, f_score
from pcl_lib.distances._greedy_assignment import greedy_assignment, repair_assignment
from pcl_lib.distances._hausdorff import hausdorff
from pcl_lib.distances._hyper_cd import hyper_cd
from pcl_lib.distances._info_cd import info_cd
from pcl_lib.distances._mixture import displacement, log_density, score
from pcl_lib.distances._one_to_one import Matched
from pcl_lib.distances._quadratic_cost import quadratic_cost
from pcl_lib.distances._reassignment import Reassigned, reassign
from pcl_lib.distances._released_landau import released_landau_cd
from pcl_lib.distances._sinkhorn import sinkhorn
from pcl_lib.distances._transport_plan import Plan, transport_plan
from pcl_lib.distances._truncated_cd import truncated_cd
from pcl_lib.distances._weighted_chamfer import weighted_chamfer
from pcl_lib.distances._weights import (
    WEIGHTS,
    ChiSquared,
    ExtremeValue,
    Gamma,
    Landau,
    Logistic,
    LogLogistic,
    Normal,
    Weibull,
    Weight,
)

__all__ = [
    "AUCTION_SETTINGS",
    "CHAMFER_CONVENTIONS",
    "WEIGHTS",
    "Auction",
    "AuctionSettings",
    "ChiSquared",
    "Convention",
    "ExtremeValue",
    "FScore",
    "Gamma",
    "Landau",
    "LogLogistic",
    "Logistic",
    "Matched",
    "Normal",
    "Plan",
    "Reassigned",
    "Weibull",
    "Weight",
    "auction",
    "chamfer",
    "dcd",
    "displacement",
    "em_kd",
    "emd",
    "f_score",
    "greedy_assignment",
    "hausdorff",
    "hyper_cd",
    "info_cd",
    "log_density",
    "quadratic_cost",
    "reassign",
    "released_landau_cd",
    "repair_assignment",
    "score",
    "sinkhorn",
    "transport_plan",
    "truncated_cd",
    "weighted_chamfer",
]


def __getattr__(name: str) -> object:
    if name == "Settings":  # its name until version 0.1
        import warnings

        warnings.warn(
            "pcl_lib.distances.Settings is AuctionSettings now; the old name goes with version 0.3",
            DeprecationWarning,
            stacklevel=2,
        )
        return AuctionSettings
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
