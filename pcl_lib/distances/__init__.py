"""Closed-form distances between two clouds: the Chamfer family, Hausdorff, F-score, and those by transport."""

from pcl_lib.distances.auction import AUCTION_SETTINGS, Auction, Settings, auction
from pcl_lib.distances.chamfer import chamfer
from pcl_lib.distances.conventions import CHAMFER_CONVENTIONS, Convention
from pcl_lib.distances.dcd import dcd
from pcl_lib.distances.em_kd import em_kd
from pcl_lib.distances.emd import emd
from pcl_lib.distances.f_score import FScore, f_score
from pcl_lib.distances.hausdorff import hausdorff
from pcl_lib.distances.hyper_cd import hyper_cd, hyper_cd_gradient_weight
from pcl_lib.distances.info_cd import info_cd
from pcl_lib.distances.matched import Matched
from pcl_lib.distances.released_landau import released_landau_cd
from pcl_lib.distances.sinkhorn import sinkhorn
from pcl_lib.distances.transport_plan import Plan, transport_plan
from pcl_lib.distances.truncated_cd import truncated_cd
from pcl_lib.distances.weighted import weighted_chamfer
from pcl_lib.distances.weights import (
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
    "Settings",
    "Weibull",
    "Weight",
    "auction",
    "chamfer",
    "dcd",
    "em_kd",
    "emd",
    "f_score",
    "hausdorff",
    "hyper_cd",
    "hyper_cd_gradient_weight",
    "info_cd",
    "released_landau_cd",
    "sinkhorn",
    "transport_plan",
    "truncated_cd",
    "weighted_chamfer",
]
