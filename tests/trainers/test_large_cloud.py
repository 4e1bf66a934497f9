"""A cloud of more than a million points goes through the network and is reassigned within 4 GB."""

import subprocess
import sys

import pytest

from tests.trainers.large_cloud import POINTS
from tests.trainers.test_kill import ROOT

pytestmark = pytest.mark.slow


def test_one_pass_over_a_million_points():
    command = [sys.executable, "-m", "tests.trainers.large_cloud"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    swaps, peak = map(int, done.stdout.split())
    unit = 1 if sys.platform == "darwin" else 1024
    assert peak * unit < 4e9
    assert swaps > POINTS // 10
