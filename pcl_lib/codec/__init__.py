"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""

from pcl_lib.codec._cloud_file import cloud_info, compress_cloud, decompress_cloud
from pcl_lib.codec._cloud_header import CloudInfo
from pcl_lib.codec._container import kind_of, read_container, write_container
from pcl_lib.codec._errors import CodecError

__all__ = [
    "CloudInfo",
    "CodecError",
    "cloud_info",
    "compress_cloud",
    "decompress_cloud",
    "kind_of",
    "read_container",
    "write_container",
]
