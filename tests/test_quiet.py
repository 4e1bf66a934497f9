"""Importing KeOps: silent, from any thread, and with everything as it was."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("pykeops")

PROBE = """
import os, sys, threading
from pcl_lib._quiet import import_quietly
before, stream = dict(os.environ), sys.stdout
start, found = threading.Barrier(6), []
def work(name):
    start.wait()
    found.append(import_quietly(name))
threads = [threading.Thread(target=work, args=(("pykeops", "pykeops.torch")[i % 2],)) for i in range(6)]
[t.start() for t in threads]
[t.join() for t in threads]
import keopscore, pykeops
assert len(found) == 6
assert sys.stdout is stream
assert dict(os.environ) == before
print("VERBOSE", pykeops.verbose, keopscore.verbose)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "True True"),
        ({"PYKEOPS_VERBOSE": "0"}, "False False"),
        ({"KEOPS_VERBOSE": "0"}, "True False"),
        ({"PYKEOPS_VERBOSE": "1"}, "True True"),
    ],
)
def test_import_says_nothing_and_leaves_the_users_choice(tmp_path, asked, expected):
    kept = {name: value for name, value in os.environ.items() if "KEOPS_VERBOSE" not in name}
    kept["KEOPS_CACHE_FOLDER"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", PROBE], env=kept | asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"VERBOSE {expected}\n"


def test_a_module_that_is_not_there_is_an_error_and_changes_nothing(monkeypatch):
    from pcl_lib._quiet import import_quietly

    monkeypatch.delitem(sys.modules, "pykeops", raising=False)
    before = dict(os.environ)
    with pytest.raises(ModuleNotFoundError):
        import_quietly("no_such_module_at_all")
    assert dict(os.environ) == before
