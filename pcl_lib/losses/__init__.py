"""Losses that are found rather than written down: distillation by gradient matching."""

from pcl_lib.losses.gradient_matching import (
    GRIDS,
    PAPER_DISTANCES,
    Fit,
    gradient_matching,
    gradient_weight_of,
)

__all__ = ["GRIDS", "PAPER_DISTANCES", "Fit", "gradient_matching", "gradient_weight_of"]
