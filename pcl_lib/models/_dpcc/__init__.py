"""D-PCC, a learned codec of clouds: encoder, decoder, and the network between a cloud and its latent."""

from pcl_lib.models._dpcc.decoder import DensityDecoder
from pcl_lib.models._dpcc.downsample import Level
from pcl_lib.models._dpcc.encoder import DensityEncoder
from pcl_lib.models._dpcc.layers import directions
from pcl_lib.models._dpcc.network import DPCC, DPCCOutput, Latent

__all__ = ["DPCC", "DPCCOutput", "DensityDecoder", "DensityEncoder", "Latent", "Level", "directions"]
