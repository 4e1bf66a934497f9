"""What the README says of files of clouds works as it is typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pcl_lib.codec.__main__ import main
from pcl_lib.data import read_cloud

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("## Compress a folder of clouds\n")[2].partition("\n## ")[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", SECTION, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_the_commands_for_a_folder(tmp_path, monkeypatch, capsys):
    """With fewer and smaller clouds, and a training that is short."""
    monkeypatch.chdir(tmp_path)
    (python,) = blocks("python")
    assert "figures(64, 8192)" in python
    exec(compile(python.replace("figures(64, 8192)", "figures(3, 64)"), "README.md", "exec"), {})
    (commands,) = blocks("bash")
    for line in commands.splitlines():
        program, *arguments = shlex.split(line.removeprefix("python -m "))
        assert program == "pcl_lib.codec"
        short = ["--steps", "4", "--device", "cpu"] if arguments[0] == "compress" else []
        assert main([*arguments, *short]) == 0, capsys.readouterr().err
    back = sorted((tmp_path / "my_clouds_back").iterdir())
    assert [path.name for path in back] == ["00.ply", "01.ply", "02.ply"]
    assert read_cloud(back[0]).points.shape == (64, 3)


def test_the_options_that_the_text_names_are_there(capsys):
    named = re.findall(r"`(--[a-z]+)[^`]*`", SECTION)
    assert len(named) >= 4
    with pytest.raises(SystemExit):
        main(["compress", "--help"])
    offered = capsys.readouterr().out
    assert not [option for option in named if f"  {option} " not in offered]
