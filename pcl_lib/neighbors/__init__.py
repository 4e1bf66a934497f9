"""Who is nearest: nearest neighbour, k nearest, all within a radius, softly nearest, and farthest-point sampling.

One question, four engines with the same answer (ties apart): `"kdtree"` (pykdtree, CPU), `"triton"` (a kernel of the
library's own, CUDA: the one nearest point in float32 up to D = 3, and farthest points), `"keops"` (KeOps LazyTensors,
CPU or CUDA) and `"dense"` (plain torch in chunks, any device). `"auto"` takes on a CPU the kd-tree up to D = 10 and
dense beyond, on CUDA the first of Triton, KeOps (from 4 million pairs of points up) and dense that does what is asked
and can run, and every result says which one ran, as `backend`. Clouds of different sizes make one batch with
`pad_clouds`, whose lengths `nearest`, `nearest_each_way`, `knn` and `radius` take.

Threads: a search on the CPU takes as many as torch (`torch.set_num_threads`), and a small one takes one. Processes may
be forked (`multiprocessing`) after a search: from its first call of this package on, a child has torch set to one
thread, as the workers of a `DataLoader` have, for OpenMP hangs there with more. Large operations of torch before that
call hang with or without this package: call `torch.set_num_threads(1)` first.

Streams: on CUDA, Triton and dense work on the stream that is current, and wait for nothing; the check of a pair of
clouds waits once. KeOps works on the default stream: inside `torch.cuda.stream(...)`, synchronise before and after.
"""

from pcl_lib.neighbors._farthest import farthest_points
from pcl_lib.neighbors._knn import Neighbors, knn
from pcl_lib.neighbors._lengths import pad_clouds
from pcl_lib.neighbors._nearest import Nearest, nearest, nearest_each_way
from pcl_lib.neighbors._radius import Ball, radius
from pcl_lib.neighbors._soft import SoftNearest, soft_nearest

__all__ = [
    "Ball",
    "Nearest",
    "Neighbors",
    "SoftNearest",
    "farthest_points",
    "knn",
    "nearest",
    "nearest_each_way",
    "pad_clouds",
    "radius",
    "soft_nearest",
]
