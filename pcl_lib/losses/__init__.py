"""Losses that are found or learnt rather than written down, and losses of several terms (completion)."""

from pcl_lib.losses._adaptive_pooling import adaptive_pooling
from pcl_lib.losses._caloss import CALoss
from pcl_lib.losses._critic_crn import CRNCritic
from pcl_lib.losses._critic_pfnet import PFNetCritic
from pcl_lib.losses._critic_pugan import PUGANCritic
from pcl_lib.losses._gradient_matching import (
    GRIDS,
    PAPER_DISTANCES,
    Fit,
    gradient_matching,
    gradient_weight_of,
)
from pcl_lib.losses._least_squares import LeastSquaresLoss, crnd, pfd, pud
from pcl_lib.losses._pcloss import PCLoss
from pcl_lib.losses._staged import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss
from pcl_lib.losses._trainable import TrainableLoss

__all__ = [
    "GRIDS",
    "PAPER_DISTANCES",
    "CALoss",
    "CRNCritic",
    "Fit",
    "TrainableLoss",
    "LeastSquaresLoss",
    "PCLoss",
    "PFNetCritic",
    "PUGANCritic",
    "adaptive_pooling",
    "crnd",
    "folding_loss",
    "gradient_matching",
    "gradient_weight_of",
    "pcn_alpha",
    "pcn_loss",
    "pfd",
    "pointattn_loss",
    "pud",
    "snowflake_loss",
]
