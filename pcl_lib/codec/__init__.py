"""Point clouds and data sets of them as files: containers, entropy coding, codecs, and the command line."""
