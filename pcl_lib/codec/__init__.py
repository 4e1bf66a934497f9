"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""

from pcl_lib.codec._cloud_file import cloud_info, compress_cloud, decompress_cloud
from pcl_lib.codec._cloud_header import CloudInfo
from pcl_lib.codec._container import kind_of, read_container, write_container
from pcl_lib.codec._dataset import SetInfo, StoredSet, compress_set, decompress_set, read_set
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._integer_tables import check_tables, tables_checksum, tables_from_arrays, tables_to_arrays
from pcl_lib.codec._range_coder import decode_symbols, encode_symbols
from pcl_lib.codec._write_cloud import write_cloud

__all__ = [
    "CloudInfo",
    "CodecError",
    "SetInfo",
    "StoredSet",
    "check_tables",
    "cloud_info",
    "compress_cloud",
    "compress_set",
    "decode_symbols",
    "decompress_cloud",
    "decompress_set",
    "encode_symbols",
    "kind_of",
    "read_container",
    "read_set",
    "tables_checksum",
    "tables_from_arrays",
    "tables_to_arrays",
    "write_cloud",
    "write_container",
]
