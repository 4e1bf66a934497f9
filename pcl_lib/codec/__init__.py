"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""

from pcl_lib.codec._container import kind_of, read_container, write_container
from pcl_lib.codec._dataset import SetInfo, StoredSet, compress_set, decompress_set, read_set
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._integer_tables import tables_checksum, tables_from_arrays, tables_to_arrays
from pcl_lib.codec._range_coder import decode_symbols, encode_symbols
from pcl_lib.codec._write_cloud import write_cloud

__all__ = [
    "compress_set",
    "decompress_set",
    "read_set",
    "SetInfo",
    "StoredSet",
    "encode_symbols",
    "decode_symbols",
    "tables_to_arrays",
    "tables_from_arrays",
    "tables_checksum",
    "write_cloud",
    "kind_of",
    "read_container",
    "write_container",
    "CodecError",
]
