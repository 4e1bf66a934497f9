"""What several files of tests read of the whole book, once in a process: a page takes hundredths of a second.

All of them share what they get, and so none may change it.
"""

from functools import cache
from pathlib import Path

from book._tools import pages
from book._tools.citations import Bibliography

ROOT = Path(__file__).resolve().parents[2]


def notebooks(root: Path = ROOT) -> list[pages.Page]:
    return _notebooks(root)


@cache  # by what is read, named or not
def _notebooks(root: Path) -> list[pages.Page]:
    return pages.read(root)


@cache
def papers() -> Bibliography:
    return Bibliography(ROOT / "pcl_lib" / "references.bib")
