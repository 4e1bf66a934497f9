"""Networks that complete a partial cloud: each gives its stages, clouds from coarse to fine."""

from pcl_lib.models._completion.encoder import StackedPointNet
from pcl_lib.models._completion.folding import FoldingCompletion
from pcl_lib.models._completion.pcn import PCN
from pcl_lib.models._completion.pointattn import PointAttN
from pcl_lib.models._completion.snowflake import SnowflakeNet

__all__ = ["PCN", "FoldingCompletion", "PointAttN", "SnowflakeNet", "StackedPointNet"]
