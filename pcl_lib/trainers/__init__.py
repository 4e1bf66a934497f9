"""One training loop for all methods, on Lightning Fabric."""

from pcl_lib.trainers.checkpoint import DamagedCheckpoint, checkpoints, load_checkpoint
from pcl_lib.trainers.completion import ShapeCompletion
from pcl_lib.trainers.engine import Engine
from pcl_lib.trainers.fit import fit
from pcl_lib.trainers.log import History
from pcl_lib.trainers.method import Data, Method
from pcl_lib.trainers.reconstruction import Reconstruction
from pcl_lib.trainers.recorder import Diverged

__all__ = [
    "fit",
    "Method",
    "Data",
    "Engine",
    "History",
    "Reconstruction",
    "ShapeCompletion",
    "Diverged",
    "DamagedCheckpoint",
    "checkpoints",
    "load_checkpoint",
]
