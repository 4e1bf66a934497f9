"""What the library's own packages build on beyond the public names of `pcl_lib.distances`."""

from pcl_lib.distances._hyper_cd import hyper_cd_gradient_weight
from pcl_lib.distances._kd_split import kd_split
from pcl_lib.distances._value import Valued, value_of
from pcl_lib.distances._weighted_chamfer import weight_named

__all__ = ["Valued", "hyper_cd_gradient_weight", "kd_split", "value_of", "weight_named"]
