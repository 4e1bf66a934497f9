"""Networks on clouds: encoders (PointNet, PointNet++, DGCNN), decoders, the auto-encoders of the papers, completion.

Plain `torch.nn.Module`s. Paper sizes are the defaults, smaller ones are arguments. An encoder takes clouds
(B, N, 3) of any N to codes (B, K); a decoder takes codes to as many points as it is asked for. The surface of a
displacement field is what `ray_cast` and `level_set` make of it.
"""

from pcl_lib.models._atlasnet import AtlasDecoder
from pcl_lib.models._atlasnet_v2 import AtlasV2Decoder
from pcl_lib.models._autoencoder import AutoEncoder
from pcl_lib.models._autoencoders import ae, atlas_net, atlas_net_v2, folding_net, lae, lfolding
from pcl_lib.models._completion import PCN, FoldingCompletion, PointAttN, SnowflakeNet, StackedPointNet
from pcl_lib.models._conditional_norm import ConditionalBatchNorm
from pcl_lib.models._dgcnn import DGCNN, EdgeConv
from pcl_lib.models._dpcc import DPCC, DensityDecoder, DensityEncoder, DPCCOutput
from pcl_lib.models._entropy_bottleneck import EntropyBottleneck
from pcl_lib.models._false_sheets import field_jacobian, largest_second_derivative, without_false_sheets
from pcl_lib.models._folding import FoldingDecoder
from pcl_lib.models._fully_connected import FullyConnectedDecoder
from pcl_lib.models._gradient_decoder import GRADIENT_DECODERS, GradientDecoder
from pcl_lib.models._grids import sphere_grid, square_grid
from pcl_lib.models._integer_tables import IntegerTables
from pcl_lib.models._langevin import (
    LANGEVIN_SETTINGS,
    Drawn,
    LangevinSettings,
    annealed_langevin,
    langevin_start,
    noise_levels,
)
from pcl_lib.models._latent_gan import LatentCritic, LatentGenerator
from pcl_lib.models._latent_vae import GaussianCode, GaussianEncoder
from pcl_lib.models._level_set import LevelSet, level_set, middle_sheet
from pcl_lib.models._linear_code import LinearCode
from pcl_lib.models._local_codes import (
    LocalCode,
    LocalEncoder,
    LocalFoldingDecoder,
    LocalFullyConnectedDecoder,
)
from pcl_lib.models._mlp import MLP, parameter_count
from pcl_lib.models._neuralqaad import NeuralQAAD
from pcl_lib.models._neuralqaad_sizes import NEURALQAAD_SIZES, NeuralQAADSizes, compression_ratio
from pcl_lib.models._patches import PatchMLP
from pcl_lib.models._point_gan import PointCritic, PointGenerator
from pcl_lib.models._point_table import PointTable
from pcl_lib.models._pointnet import PointNet, atlas_encoder, shapegf_encoder
from pcl_lib.models._pointnet2 import MULTI_SCALE, SINGLE_SCALE, PointNet2, caloss_pointnet2
from pcl_lib.models._ray_casting import RayHits, camera_rays, ray_cast, shaded
from pcl_lib.models._set_abstraction import AbstractionStage, Scale, SetAbstraction

__all__ = [
    "DGCNN",
    "DPCC",
    "DPCCOutput",
    "DensityDecoder",
    "DensityEncoder",
    "GRADIENT_DECODERS",
    "LANGEVIN_SETTINGS",
    "MLP",
    "MULTI_SCALE",
    "NEURALQAAD_SIZES",
    "PCN",
    "SINGLE_SCALE",
    "AtlasDecoder",
    "AtlasV2Decoder",
    "AutoEncoder",
    "ConditionalBatchNorm",
    "Drawn",
    "EdgeConv",
    "EntropyBottleneck",
    "FoldingCompletion",
    "FoldingDecoder",
    "FullyConnectedDecoder",
    "GaussianCode",
    "GaussianEncoder",
    "LatentCritic",
    "LatentGenerator",
    "GradientDecoder",
    "IntegerTables",
    "LangevinSettings",
    "LevelSet",
    "LinearCode",
    "LocalCode",
    "LocalEncoder",
    "LocalFoldingDecoder",
    "LocalFullyConnectedDecoder",
    "NeuralQAAD",
    "NeuralQAADSizes",
    "PatchMLP",
    "PointAttN",
    "PointCritic",
    "PointGenerator",
    "PointNet",
    "PointNet2",
    "PointTable",
    "RayHits",
    "Scale",
    "SetAbstraction",
    "SnowflakeNet",
    "StackedPointNet",
    "AbstractionStage",
    "ae",
    "annealed_langevin",
    "atlas_encoder",
    "atlas_net",
    "atlas_net_v2",
    "caloss_pointnet2",
    "camera_rays",
    "compression_ratio",
    "field_jacobian",
    "folding_net",
    "lae",
    "langevin_start",
    "largest_second_derivative",
    "level_set",
    "lfolding",
    "middle_sheet",
    "noise_levels",
    "parameter_count",
    "ray_cast",
    "shaded",
    "shapegf_encoder",
    "sphere_grid",
    "square_grid",
    "without_false_sheets",
]


def __getattr__(name: str) -> object:
    if name == "Stage":  # its name until version 0.1
        import warnings

        warnings.warn(
            "pcl_lib.models.Stage is AbstractionStage now; the old name goes with version 0.3",
            DeprecationWarning,
            stacklevel=2,
        )
        return AbstractionStage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
