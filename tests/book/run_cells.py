"""Run copied cells one after the other, as a reader would: `python run_cells.py cells.json`, in an empty folder."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main(path: str) -> int:
    """0 if every cell that must not fail ran to its end; else 1, and its number and error are printed."""
    os.environ["MPLBACKEND"] = "agg"
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance(history_manager=None, colors="nocolor")
    for cell in json.loads(Path(path).read_text(encoding="utf-8")):
        done = shell.run_cell(cell["source"], store_history=False)
        if not done.success and not cell["may_fail"]:
            print(f"\ncell {cell['number']} fails: {done.error_before_exec or done.error_in_exec!r}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
