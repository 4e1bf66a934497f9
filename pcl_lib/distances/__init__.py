"""Closed-form distances between two clouds: Chamfer, Hausdorff, F-score, and the card of Chamfer conventions."""

from pcl_lib.distances.chamfer import chamfer
from pcl_lib.distances.conventions import CHAMFER_CONVENTIONS, Convention
from pcl_lib.distances.f_score import FScore, f_score
from pcl_lib.distances.hausdorff import hausdorff

__all__ = ["CHAMFER_CONVENTIONS", "Convention", "FScore", "chamfer", "f_score", "hausdorff"]
