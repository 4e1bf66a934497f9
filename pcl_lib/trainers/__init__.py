"""One training loop for all methods, on Lightning Fabric."""

from pcl_lib.trainers._assignments import Assignments
from pcl_lib.trainers._checkpoint import DamagedCheckpoint, checkpoints, load_checkpoint
from pcl_lib.trainers._completion import ShapeCompletion
from pcl_lib.trainers._compression import Compression, CompressionRates
from pcl_lib.trainers._engine import Engine
from pcl_lib.trainers._fit import fit
from pcl_lib.trainers._free_clouds import FreeClouds
from pcl_lib.trainers._gradient_field import FIELD_RATES, FieldRates, GradientField
from pcl_lib.trainers._gradient_flow import gradient_flow
from pcl_lib.trainers._latent_gan import LatentGAN
from pcl_lib.trainers._latent_vae import LatentVAE
from pcl_lib.trainers._learned_loss import LearnedLoss
from pcl_lib.trainers._log import History
from pcl_lib.trainers._method import Data, Method
from pcl_lib.trainers._order import batch_rows
from pcl_lib.trainers._qaad import QAAD
from pcl_lib.trainers._reconstruction import Reconstruction
from pcl_lib.trainers._recorder import Diverged

__all__ = [
    "Assignments",
    "Compression",
    "CompressionRates",
    "DamagedCheckpoint",
    "Data",
    "Diverged",
    "Engine",
    "FIELD_RATES",
    "FieldRates",
    "FreeClouds",
    "GradientField",
    "History",
    "LatentGAN",
    "LatentVAE",
    "LearnedLoss",
    "Method",
    "QAAD",
    "Reconstruction",
    "ShapeCompletion",
    "batch_rows",
    "checkpoints",
    "fit",
    "gradient_flow",
    "load_checkpoint",
]
