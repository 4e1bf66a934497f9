"""Losses that are found or learnt rather than written down, and losses of several terms (completion)."""

from pcl_lib.losses._adaptive_pooling import adaptive_pooling
from pcl_lib.losses._caloss import CALoss
from pcl_lib.losses._critic_crn import CRNCritic
from pcl_lib.losses._critic_pfnet import PFNetCritic
from pcl_lib.losses._critic_pugan import PUGANCritic
from pcl_lib.losses._curvature import curvature, with_curvature
from pcl_lib.losses._denoising import denoising_by_level, denoising_loss, excess_loss
from pcl_lib.losses._dpcc import (
    DPCC_RATE_WEIGHTS,
    DPCCLoss,
    DPCCWeights,
    dpcc_chamfer,
    dpcc_coordinates,
    dpcc_counts,
    dpcc_density,
    dpcc_loss,
    dpcc_matches,
    dpcc_normals,
)
from pcl_lib.losses._gaussian_kl import gaussian_kl
from pcl_lib.losses._gaussian_source import RateDistortion, gaussian_rate_distortion
from pcl_lib.losses._gradient_matching import (
    GRIDS,
    PAPER_DISTANCES,
    Fit,
    gradient_matching,
    gradient_weight_of,
)
from pcl_lib.losses._gradient_penalty import interpolate_penalty, zero_centred_penalty
from pcl_lib.losses._least_squares import LeastSquaresLoss, crnd, pfd, pud
from pcl_lib.losses._network_gradient import flat_gradient, gradient_gap, gradient_norms
from pcl_lib.losses._one_curve import distance_of_pull, matching_error
from pcl_lib.losses._pcloss import PCLoss
from pcl_lib.losses._rate import bits_per_point, rate
from pcl_lib.losses._staged import folding_loss, pcn_alpha, pcn_loss, pointattn_loss, snowflake_loss
from pcl_lib.losses._trainable import TrainableLoss

__all__ = [
    "DPCC_RATE_WEIGHTS",
    "DPCCLoss",
    "DPCCWeights",
    "dpcc_chamfer",
    "dpcc_coordinates",
    "dpcc_counts",
    "dpcc_density",
    "dpcc_loss",
    "dpcc_matches",
    "dpcc_normals",
    "GRIDS",
    "PAPER_DISTANCES",
    "CALoss",
    "CRNCritic",
    "Fit",
    "curvature",
    "distance_of_pull",
    "flat_gradient",
    "TrainableLoss",
    "LeastSquaresLoss",
    "PCLoss",
    "PFNetCritic",
    "PUGANCritic",
    "RateDistortion",
    "adaptive_pooling",
    "bits_per_point",
    "crnd",
    "denoising_by_level",
    "denoising_loss",
    "excess_loss",
    "folding_loss",
    "gaussian_kl",
    "gaussian_rate_distortion",
    "gradient_gap",
    "gradient_matching",
    "gradient_norms",
    "gradient_weight_of",
    "interpolate_penalty",
    "matching_error",
    "pcn_alpha",
    "pcn_loss",
    "pfd",
    "pointattn_loss",
    "rate",
    "pud",
    "snowflake_loss",
    "with_curvature",
    "zero_centred_penalty",
]
