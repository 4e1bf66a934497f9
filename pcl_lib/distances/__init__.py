"""Closed-form distances between two clouds: Chamfer, Hausdorff, F-score, and those by transport."""

from pcl_lib.distances.auction import AUCTION_SETTINGS, Auction, Settings, auction
from pcl_lib.distances.chamfer import chamfer
from pcl_lib.distances.conventions import CHAMFER_CONVENTIONS, Convention
from pcl_lib.distances.em_kd import em_kd
from pcl_lib.distances.emd import emd
from pcl_lib.distances.f_score import FScore, f_score
from pcl_lib.distances.hausdorff import hausdorff
from pcl_lib.distances.matched import Matched
from pcl_lib.distances.sinkhorn import sinkhorn
from pcl_lib.distances.transport_plan import Plan, transport_plan

__all__ = [
    "AUCTION_SETTINGS",
    "CHAMFER_CONVENTIONS",
    "Auction",
    "Convention",
    "FScore",
    "Matched",
    "Plan",
    "Settings",
    "auction",
    "chamfer",
    "em_kd",
    "emd",
    "f_score",
    "hausdorff",
    "sinkhorn",
    "transport_plan",
]
