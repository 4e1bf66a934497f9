"""Readers for the benchmarks' own files.

Every reader of a data set takes its folder from ``root`` or from the environment variable ``PCL_DATA`` (a
folder that holds the data sets, or the data set itself) and returns a list of ``Cloud`` in sorted order, the
same for the same files, settings and seed. The points are float32, as the papers' own loaders give them;
``read_cloud``, ``plain``, ``packed``, ``mpeg`` and ``registered_meshes``, which read anybody's files, keep float64
where float32 would lose digits. All readers of a data set share four options:

- ``seed``: what is drawn for a shape depends on the seed and on its name, not on which others are read.
- ``cache_dir``: keep the result in this folder; default the one in ``PCL_CACHE``, without either nothing is
  kept. A cache file is whole or absent, and never used after a file or a setting changed.
- ``progress``: a bar on stderr, if that is a terminal or the reader runs in a notebook; ``False`` for none.
- ``on_error``: ``"raise"`` a ``ReadError`` at the first bad file, or ``"skip"`` it with a ``ReadWarning``
  that names it.
"""

from pcl_lib.data.readers._any_file import read_cloud, read_mesh
from pcl_lib.data.readers._any_folder import airplanes, packed, plain
from pcl_lib.data.readers._errors import ReadError, ReadWarning
from pcl_lib.data.readers._ict import FaceModel, face_model, ict_faces
from pcl_lib.data.readers._kitti import kitti, read_velodyne
from pcl_lib.data.readers._kitti_cars import kitti_cars
from pcl_lib.data.readers._mesh import Mesh
from pcl_lib.data.readers._mnist import mnist
from pcl_lib.data.readers._modelnet import modelnet10, modelnet40, modelnet40_hdf5, modelnet40_normals
from pcl_lib.data.readers._mpeg import mpeg
from pcl_lib.data.readers._pcn import CompletionPair, pcn
from pcl_lib.data.readers._registered_meshes import registered_meshes
from pcl_lib.data.readers._shapenet import shapenet_part, shapenet_pc15k

__all__ = [
    "CompletionPair",
    "FaceModel",
    "Mesh",
    "ReadError",
    "ReadWarning",
    "airplanes",
    "face_model",
    "ict_faces",
    "kitti",
    "kitti_cars",
    "mnist",
    "modelnet10",
    "modelnet40",
    "modelnet40_hdf5",
    "modelnet40_normals",
    "mpeg",
    "packed",
    "pcn",
    "plain",
    "read_cloud",
    "read_mesh",
    "read_velodyne",
    "registered_meshes",
    "shapenet_part",
    "shapenet_pc15k",
]


def __getattr__(name: str) -> object:
    if name == "Completion":  # its name until version 0.1
        import warnings

        warnings.warn(
            "pcl_lib.data.readers.Completion is CompletionPair now; the old name goes with version 0.3",
            DeprecationWarning,
            stacklevel=2,
        )
        return CompletionPair
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
