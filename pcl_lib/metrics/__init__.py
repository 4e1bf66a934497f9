"""What the tables of the papers report, each with that paper's convention and named after it.

A distance says how two clouds differ; a metric here is a column of somebody's table: its scale, its constants and
its quirks included. None has a gradient.
"""

from pcl_lib.metrics._accuracy import mesh_accuracy
from pcl_lib.metrics._approximate_emd import annealed_matching, approximate_emd
from pcl_lib.metrics._bjontegaard import BjontegaardRate, bjontegaard_rate
from pcl_lib.metrics._completion import cd_l1, cd_l2, f1_at_1_percent, fidelity, kitti_mmd
from pcl_lib.metrics._density import density_difference, uniformity
from pcl_lib.metrics._generation import (
    GenerationScores,
    OneNearestNeighbour,
    coverage,
    generation_scores,
    minimum_matching_distance,
    one_nn_accuracy,
)
from pcl_lib.metrics._multiscale import half_sum_hausdorff, local_chamfer, mcd
from pcl_lib.metrics._pairwise import pairwise
from pcl_lib.metrics._psnr import d1_psnr, d2_psnr, largest_spacing

__all__ = [
    "mcd",
    "local_chamfer",
    "half_sum_hausdorff",
    "cd_l1",
    "cd_l2",
    "f1_at_1_percent",
    "fidelity",
    "kitti_mmd",
    "pairwise",
    "minimum_matching_distance",
    "coverage",
    "one_nn_accuracy",
    "OneNearestNeighbour",
    "generation_scores",
    "GenerationScores",
    "approximate_emd",
    "annealed_matching",
    "d1_psnr",
    "d2_psnr",
    "largest_spacing",
    "bjontegaard_rate",
    "BjontegaardRate",
    "density_difference",
    "uniformity",
    "mesh_accuracy",
]
