"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""

from pcl_lib.codec._cloud_file import cloud_info, compress_cloud, decompress_cloud
from pcl_lib.codec._cloud_header import CloudInfo
from pcl_lib.codec._container import kind_of, read_container, write_container
from pcl_lib.codec._dataset import SetInfo, StoredSet, compress_set, decompress_set, read_set
from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._integer_tables import check_tables, tables_checksum, tables_from_arrays, tables_to_arrays
from pcl_lib.codec._learn_set import LearntSet, learn_set
from pcl_lib.codec._model_file import CodecModel, read_model, write_model
from pcl_lib.codec._range_coder import decode_symbols, encode_symbols
from pcl_lib.codec._write_cloud import write_cloud

__all__ = [
    "compress_cloud",
    "decompress_cloud",
    "cloud_info",
    "CloudInfo",
    "CodecModel",
    "read_model",
    "write_model",
    "learn_set",
    "LearntSet",
    "compress_set",
    "decompress_set",
    "read_set",
    "SetInfo",
    "StoredSet",
    "write_cloud",
    "encode_symbols",
    "decode_symbols",
    "check_tables",
    "tables_checksum",
    "tables_from_arrays",
    "tables_to_arrays",
    "kind_of",
    "read_container",
    "write_container",
    "CodecError",
]
