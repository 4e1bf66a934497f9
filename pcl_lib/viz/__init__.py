"""The figures of the book, all of one family. Each function returns an object that shows itself on the page."""

from pcl_lib.viz.cloud import cloud as cloud
from pcl_lib.viz.cloud import clouds as clouds
from pcl_lib.viz.colours import PALETTE as PALETTE
from pcl_lib.viz.curves import curves as curves
from pcl_lib.viz.figure import Figure as Figure
from pcl_lib.viz.frames import Frames as Frames
from pcl_lib.viz.frames import frames as frames
from pcl_lib.viz.matching import matching as matching
from pcl_lib.viz.rotatable import rotatable as rotatable
from pcl_lib.viz.show import show as show
from pcl_lib.viz.style import style as style
from pcl_lib.viz.table import table as table
