"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""

from pcl_lib.codec._container import kind_of, read_container, write_container
from pcl_lib.codec._errors import CodecError

__all__ = [
    "CodecError",
    "kind_of",
    "read_container",
    "write_container",
]
