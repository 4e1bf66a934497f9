"""Import KeOps, and what imports KeOps, without its announcement on standard output that there is no GPU."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from types import ModuleType

# `contextlib.redirect_stdout` is no way to do this: it is entered by several threads, and the last of them to leave
# puts back the stream of another, so that all later output of the process is lost.
_one_at_a_time = threading.Lock()
_SWITCHES = ("PYKEOPS_VERBOSE", "KEOPS_VERBOSE")


def import_quietly(name: str) -> ModuleType:
    """The module `name`, whose import may bring KeOps with it. Safe from any thread; output is never redirected."""
    if "pykeops" in sys.modules:
        return importlib.import_module(name)
    with _one_at_a_time:
        asked = {switch: os.environ.get(switch) for switch in _SWITCHES}
        os.environ.update(dict.fromkeys(_SWITCHES, "0"))
        try:
            module = importlib.import_module(name)
        finally:
            for switch, value in asked.items():
                if value is None:
                    os.environ.pop(switch, None)
                else:
                    os.environ[switch] = value
        # Only the import is silent: what KeOps says while it compiles is as the user wants it.
        if (pykeops := sys.modules.get("pykeops")) is not None and asked["PYKEOPS_VERBOSE"] != "0":
            pykeops.set_verbose(True)
            sys.modules["keopscore"].verbose = asked["KEOPS_VERBOSE"] != "0"  # type: ignore[attr-defined]
        return module
