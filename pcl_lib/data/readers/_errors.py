"""The one error that a reader raises, and how an accident inside a parser becomes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np


class ReadError(ValueError):
    """A file or folder could not be read; the message says which, why, what was expected, what to do."""


class ReadWarning(UserWarning):
    """Something was left out or rebuilt while reading; the message names the file."""


DAMAGED = "the file is probably damaged or of another format: fetch it again, or remove it"


def read_error(where: str | Path, problem: str, *, expected: str, fix: str = DAMAGED) -> ReadError:
    """A ``ReadError`` with all four parts of its message.

    >>> str(read_error("a.off", "the file is empty", expected="an OFF mesh", fix="fetch it again"))
    'a.off: the file is empty; expected an OFF mesh; fetch it again'
    """
    return ReadError(f"{where}: {problem}; expected {expected}; {fix}")


@contextmanager
def parsing(path: str | Path, expected: str) -> Iterator[None]:
    """Turn whatever goes wrong inside, in our parser or in a library's, into a ``ReadError`` for ``path``.

    Parsers fail in many ways on damaged bytes (IndexError, struct.error, OverflowError, pydantic's
    own, ...). All of them mean the same to the caller, so the net is wide on purpose; the original
    error stays attached as the cause. Numbers that overflow or turn into NaN on the way are not
    reported here: every loader checks that what it returns is finite.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except ReadError:
        raise
    except Exception as error:
        raise read_error(path, f"{type(error).__name__}: {error}", expected=expected) from error


def read_bytes(path: str | Path, expected: str) -> bytes:
    """All bytes of a file that exists and is not empty."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        problem = error.strerror or str(error)
        raise read_error(
            path, f"cannot be opened ({problem})", expected=expected, fix="check the path"
        ) from error
    if not raw:
        raise read_error(path, "the file is empty", expected=expected)
    return raw
