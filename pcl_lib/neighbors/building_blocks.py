"""What the library's own packages, and the book's pages, build on beyond the public names of `pcl_lib.neighbors`.

Indices in place of distances, the engines by name, and the parts that a batch of padded clouds is cut into.
"""

from pcl_lib.neighbors import _kdtree as kdtree
from pcl_lib.neighbors import _keops as keops
from pcl_lib.neighbors import _triton as triton
from pcl_lib.neighbors._backends import choose, search, search_each_way, two_cheapest
from pcl_lib.neighbors._dense import two_smallest
from pcl_lib.neighbors._find import find_each_way
from pcl_lib.neighbors._lengths import Lengths, cut, each_alone, given
from pcl_lib.neighbors._pairs import flat, pair_squares, take
from pcl_lib.neighbors._sigma import Sigma, check_ladder, check_sigma
from pcl_lib.neighbors._threads import one_thread

__all__ = [
    "Lengths",
    "Sigma",
    "check_ladder",
    "check_sigma",
    "choose",
    "cut",
    "each_alone",
    "find_each_way",
    "flat",
    "given",
    "kdtree",
    "keops",
    "one_thread",
    "pair_squares",
    "search",
    "search_each_way",
    "take",
    "triton",
    "two_cheapest",
    "two_smallest",
]
