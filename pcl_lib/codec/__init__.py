"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""

from pcl_lib.codec._errors import CodecError
from pcl_lib.codec._integer_tables import check_tables, tables_checksum, tables_from_arrays, tables_to_arrays
from pcl_lib.codec._range_coder import decode_symbols, encode_symbols

__all__ = [
    "CodecError",
    "check_tables",
    "decode_symbols",
    "encode_symbols",
    "tables_checksum",
    "tables_from_arrays",
    "tables_to_arrays",
]
