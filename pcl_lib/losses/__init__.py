"""Losses that are found rather than written down (gradient matching), and losses of several terms (completion)."""

from pcl_lib.losses._gradient_matching import (
    GRIDS,
    PAPER_DISTANCES,
    Fit,
    gradient_matching,
    gradient_weight_of,
)
from pcl_lib.losses._staged import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss

__all__ = [
    "GRIDS",
    "PAPER_DISTANCES",
    "Fit",
    "folding_loss",
    "gradient_matching",
    "gradient_weight_of",
    "pcn_alpha",
    "pcn_loss",
    "pointattn_loss",
    "snowflake_loss",
]
