"""Networks that complete a partial cloud: each gives its stages, clouds from coarse to fine."""

from pcl_lib.models.completion.encoder import StackedPointNet
from pcl_lib.models.completion.folding import FoldingCompletion
from pcl_lib.models.completion.pcn import PCN

__all__ = ["PCN", "FoldingCompletion", "StackedPointNet"]
