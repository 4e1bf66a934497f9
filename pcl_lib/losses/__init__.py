"""Losses that are found rather than written down (gradient matching), and losses of several terms (completion)."""

from pcl_lib.losses._curvature import curvature, with_curvature
from pcl_lib.losses._gradient_matching import (
    GRIDS,
    PAPER_DISTANCES,
    Fit,
    gradient_matching,
    gradient_weight_of,
)
from pcl_lib.losses._network_gradient import flat_gradient, gradient_gap, gradient_norms
from pcl_lib.losses._one_curve import distance_of_pull, matching_error
from pcl_lib.losses._staged import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss

__all__ = [
    "GRIDS",
    "PAPER_DISTANCES",
    "Fit",
    "curvature",
    "distance_of_pull",
    "flat_gradient",
    "folding_loss",
    "gradient_gap",
    "gradient_matching",
    "gradient_norms",
    "gradient_weight_of",
    "matching_error",
    "pcn_alpha",
    "pcn_loss",
    "pointattn_loss",
    "snowflake_loss",
    "with_curvature",
]
