"""What a file that cannot be decoded raises."""


class CodecError(ValueError):
    """A file is not what it should be: foreign, of another kind, newer, cut short, damaged, or built to do harm.

    The message begins with the path and says which of these, and what to do where something can be done.
    """
