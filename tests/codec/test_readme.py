"""What the README says of files of clouds works as it is typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pcl_lib.codec.__main__ import main
from pcl_lib.data import read_cloud
from pcl_lib.neighbors import nearest

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


FOLDER, CLOUD = section("Compress a folder of clouds"), section("Compress one cloud")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands(tmp_path, monkeypatch, capsys):
    """With fewer and smaller clouds, and a training that is short."""
    monkeypatch.chdir(tmp_path)
    (python,) = blocks(FOLDER, "python")
    assert "figures(64, 8192)" in python
    exec(compile(python.replace("figures(64, 8192)", "figures(3, 64)"), "README.md", "exec"), {})
    (for_folder,), (for_cloud,) = blocks(FOLDER, "bash"), blocks(CLOUD, "bash")
    for line in (for_folder + for_cloud).splitlines():
        program, *arguments = shlex.split(line.removeprefix("python -m "))
        assert program == "pcl_lib.codec"
        trains = arguments[:2] == ["compress", "my_clouds"]
        assert main(arguments + ["--steps", "4", "--device", "cpu"] * trains) == 0, capsys.readouterr().err
    back = sorted((tmp_path / "my_clouds_back").iterdir())
    assert [path.name for path in back] == ["00.ply", "01.ply", "02.ply"]
    given, made = read_cloud(tmp_path / "my_clouds" / "00.ply").points, read_cloud(tmp_path / "00.ply").points
    assert read_cloud(back[0]).points.shape == given.shape == (64, 3)
    far = (given - made[nearest(given, made).index]).norm(dim=1)
    assert 0 < float(far.max()) < 0.0018, "half the diagonal of a cell, 1/1024 of less than 2"


def test_the_options_that_the_text_names_are_there(capsys):
    named = re.findall(r"`(--[a-z-]+)[^`]*`", FOLDER + CLOUD)
    assert len(named) >= 6
    with pytest.raises(SystemExit):
        main(["compress", "--help"])
    offered = capsys.readouterr().out
    assert not [option for option in named if f"  {option} " not in offered]
