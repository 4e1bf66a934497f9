"""Who is nearest: nearest neighbour, k nearest, all within a radius, and farthest-point sampling.

One question, three engines with the same answer (ties apart): `"kdtree"` (pykdtree, CPU), `"keops"`
(KeOps LazyTensors, CPU or CUDA) and `"dense"` (plain torch in chunks, any device). `"auto"` picks one by
the rule in `pcl_lib.neighbors.backends`, and every result says which one ran. Clouds of different sizes make one
batch with `pad_clouds`, whose lengths every function takes.
"""

from pcl_lib.neighbors.farthest import farthest_points
from pcl_lib.neighbors.knn import Neighbors, knn
from pcl_lib.neighbors.lengths import pad_clouds
from pcl_lib.neighbors.nearest import Nearest, nearest, nearest_each_way
from pcl_lib.neighbors.radius import Ball, radius

__all__ = [
    "Ball",
    "Nearest",
    "Neighbors",
    "farthest_points",
    "knn",
    "nearest",
    "nearest_each_way",
    "pad_clouds",
    "radius",
]
