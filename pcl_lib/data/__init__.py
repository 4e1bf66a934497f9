"""Clouds to learn from and to measure on: generators, readers, normalisations, partial views."""

from pcl_lib.data import digits, figures, street, synthetic, transforms, views
from pcl_lib.data._car_scans import CarScans, lidar_cars
from pcl_lib.data._cloud import Cloud, stack
from pcl_lib.data._completion import DIFFICULTIES, Pairs, as_pairs, crop_pairs, view_pairs
from pcl_lib.data._consistent import ConsistentClouds, as_consistent, consistent_clouds
from pcl_lib.data._cubes import UNEVEN, Cubes, Patches, cut_cubes, dense_shape, uneven, uneven_cubes
from pcl_lib.data._disjoint import Draws, check_disjoint, disjoint_draws
from pcl_lib.data._letters import letters
from pcl_lib.data._sample_mesh import sample_mesh
from pcl_lib.data.readers import (
    CompletionPair,
    FaceModel,
    Mesh,
    ReadError,
    ReadWarning,
    airplanes,
    face_model,
    ict_faces,
    kitti,
    kitti_cars,
    mnist,
    modelnet10,
    modelnet40,
    modelnet40_hdf5,
    modelnet40_normals,
    mpeg,
    packed,
    pcn,
    plain,
    read_cloud,
    read_mesh,
    read_velodyne,
    registered_meshes,
    shapenet_part,
    shapenet_pc15k,
)

__all__ = [
    "CarScans",
    "Cloud",
    "CompletionPair",
    "ConsistentClouds",
    "Cubes",
    "DIFFICULTIES",
    "Draws",
    "FaceModel",
    "Mesh",
    "Pairs",
    "Patches",
    "ReadError",
    "ReadWarning",
    "UNEVEN",
    "airplanes",
    "as_consistent",
    "as_pairs",
    "check_disjoint",
    "consistent_clouds",
    "crop_pairs",
    "cut_cubes",
    "dense_shape",
    "digits",
    "disjoint_draws",
    "face_model",
    "figures",
    "ict_faces",
    "kitti",
    "kitti_cars",
    "letters",
    "lidar_cars",
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
    "sample_mesh",
    "shapenet_part",
    "shapenet_pc15k",
    "stack",
    "street",
    "synthetic",
    "transforms",
    "uneven",
    "uneven_cubes",
    "view_pairs",
    "views",
]


def __getattr__(name: str) -> object:
    if name == "Completion":  # its name until version 0.1
        import warnings

        warnings.warn(
            "pcl_lib.data.Completion is CompletionPair now; the old name goes with version 0.3",
            DeprecationWarning,
            stacklevel=2,
        )
        return CompletionPair
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
