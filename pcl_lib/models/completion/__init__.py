"""Networks that complete a cloud: a partial cloud (B, N, 3) to clouds (B, n, 3), coarse to fine."""

from pcl_lib.models.completion.pointattn import PointAttN
from pcl_lib.models.completion.snowflake import SnowflakeNet

__all__ = ["PointAttN", "SnowflakeNet"]
