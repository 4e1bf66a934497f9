"""The command for a GPU: parts that run too long are ended with all they started, and what they found is kept."""

import subprocess
import sys
import tarfile
import time

import pytest

from tests.device import __main__ as command
from tests.device.box import OUT_OF_TIME, Box, python
from tests.device.cuda_home import HEADERS, LIBRARIES, make_cuda_home

SLEEPS = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"


@pytest.fixture
def box(tmp_path):
    return Box(60, tmp_path / "logs", {})


def test_each_part_says_how_it_went(box, capsys):
    assert box.run("good", python("-c", "print('found'); print('it')"), most=30, tail=1) == 0
    assert box.run("bad", python("-c", "raise SystemExit(3)"), most=30) == 3
    shown = capsys.readouterr().out
    assert "== good: rc 0" in shown
    assert "   it" in shown
    assert "found" not in shown
    assert (box.logs / "good.log").read_text() == "found\nit\n"
    assert [line.split(",")[0] for line in box.lines] == ["== good: rc 0", "== bad: rc 3"]


def test_what_runs_too_long_is_ended_with_what_it_started(box):
    part = box.begin("long", python("-c", SLEEPS), most=1.0)
    assert part.wait() == OUT_OF_TIME
    found = subprocess.run(
        ["ps", "-o", "pid=,stat=", "-g", str(part.process.pid)], capture_output=True, text=True
    )
    assert [line for line in found.stdout.splitlines() if "Z" not in line] == []


def test_nothing_is_begun_when_the_time_is_over(box):
    box.end = time.monotonic()
    assert box.run("late", python("-c", ""), most=30) == OUT_OF_TIME
    assert box.lines == ["late: no time left"]


def test_results_are_packed_without_checkpoints(tmp_path):
    home = tmp_path / "runs" / "a-tiny"
    (home / "one").mkdir(parents=True)
    for name in ("commit", "settings.json", "one/run.npz", "one/step-000000001.pt", "one/log.jsonl"):
        (home / name).write_text("x")
    options = command._parser().parse_args(
        ["--record", "a:tiny", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    )
    options.out.mkdir()
    command._pack(Box(60, tmp_path / "logs", {}), options)
    with tarfile.open(options.out / "runs.tgz") as archive:
        assert sorted(archive.getnames()) == ["a-tiny/commit", "a-tiny/one/run.npz", "a-tiny/settings.json"]
    assert sorted(path.name for path in options.out.iterdir()) == ["logs.tgz", "runs.tgz"]


def test_cuda_is_put_together_from_its_pieces(tmp_path, monkeypatch):
    site = tmp_path / "site"
    for name in LIBRARIES:
        (site / "nvidia" / "cu13" / "lib").mkdir(parents=True, exist_ok=True)
        (site / "nvidia" / "cu13" / "lib" / f"{name}.13").write_text(name)
    for name in HEADERS[:-1]:
        path = site / "nvidia" / "cu13" / "include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    found, missing = make_cuda_home(tmp_path / "home", [site])
    assert missing == [HEADERS[-1]] or not missing  # a toolkit of this machine may have it
    for name in LIBRARIES:
        assert (tmp_path / "home" / "lib" / name).read_text() == name
    assert (tmp_path / "home" / "include" / "crt" / "host_defines.h").exists()
    assert found["CUDA_PATH"] == str(tmp_path / "home")


def test_unknown_parts_are_refused():
    with pytest.raises(SystemExit, match="the parts are install, keops, races, tests, record, received test"):
        command.main(["--parts", "test"])


def test_it_starts_without_the_library():
    """It installs what the library needs, so it may not need it."""
    code = "import tests.device.__main__, sys; assert not {'torch', 'numpy', 'pcl_lib'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], cwd=command.ROOT, check=True)
