"""The command line on files of single clouds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pcl_lib.codec import compress_cloud, decompress_cloud, write_cloud, write_model
from pcl_lib.codec.__main__ import main
from pcl_lib.data import Cloud, read_cloud, synthetic
from pcl_lib.models import DPCC, parameter_count


@pytest.fixture
def chair(tmp_path: Path) -> Path:
    normals = torch.nn.functional.normalize(
        torch.randn(512, 3, generator=torch.Generator().manual_seed(0)), dim=1
    )
    write_cloud(
        tmp_path / "chair.ply", Cloud(100 * synthetic.sample("chair", 512, seed=0).points, normals=normals)
    )
    return tmp_path / "chair.ply"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        ([], {}),
        (["--codec", "grid", "--step", "0.5"], {"codec": "grid", "step": 0.5}),
        (["--bits", "7", "--normals"], {"bits": 7, "normals": True}),
    ],
    ids=["default", "step", "normals"],
)
def test_a_cloud_to_a_file_and_back(chair, tmp_path, capsys, options, arguments):
    """The command gives what the function gives."""
    assert run("compress", chair, tmp_path / "a.pclc", *options) == 0
    compress_cloud(read_cloud(chair), tmp_path / "b.pclc", **arguments)
    assert (tmp_path / "a.pclc").read_bytes() == (tmp_path / "b.pclc").read_bytes()
    size = (tmp_path / "a.pclc").stat().st_size
    assert f"{size:,} bytes" in capsys.readouterr().out
    assert run("info", tmp_path / "a.pclc") == 0
    assert f"{size:,} bytes" in capsys.readouterr().out
    assert run("decompress", tmp_path / "a.pclc", tmp_path / "back.ply") == 0
    expected, found = decompress_cloud(tmp_path / "b.pclc"), read_cloud(tmp_path / "back.ply")
    assert torch.equal(found.points, expected.points)
    assert (found.normals is None) == ("normals" not in arguments)
    assert found.normals is None or torch.equal(found.normals, expected.normals)


def test_what_does_not_fit_is_said(chair, tmp_path, capsys):
    def refused(*arguments: object) -> str:
        assert run(*arguments) == 1
        return capsys.readouterr().err

    file, folder = tmp_path / "a.pclc", tmp_path / "folder"
    folder.mkdir()
    message = refused("compress", chair, file, "--steps", 4, "--codes", 3)
    assert "--codes, --steps: only for a folder" in message
    assert f"received the file {chair}" in message
    message = refused("compress", folder, tmp_path / "a.pcld", "--bits", 8, "--normals")
    assert f"--bits, --normals: only for a single cloud, received the folder {folder}" in message
    assert "bits must be an integer from 1 to" in refused("compress", chair, file, "--bits", 99)
    assert not file.exists()
    assert "no such file" in refused("compress", tmp_path / "absent.ply", file)
    (tmp_path / "note.doc").write_text("A note.")
    assert "unknown format '.doc'" in refused("compress", tmp_path / "note.doc", file)
    assert run("compress", chair, file) == 0
    assert "must be a file that ends in .ply, .xyz, .npy" in refused("decompress", file, folder)
    assert "is there already, nothing is overwritten" in refused("decompress", file, chair)
    file.write_bytes(file.read_bytes()[:-9])
    assert "cut short or damaged" in refused("info", file)


def test_a_network_of_ones_own(chair, tmp_path, capsys):
    torch.manual_seed(0)
    network = DPCC(8, 8)
    for part in (network.bottleneck, network.coordinates.bottleneck):
        part.fit_quantiles()
        part.update()
    model, file = tmp_path / "small.pclm", tmp_path / "a.pclc"
    write_model(model, network, sizes={"width": 8, "hidden": 8}, provenance={"steps": 0})
    assert run("info", model) == 0
    assert f"{parameter_count(network):,} weights" in capsys.readouterr().out
    assert run("compress", chair, file, "--codec", "dpcc", "--model", model) == 0
    assert run("decompress", file, tmp_path / "without.ply") == 1
    assert "model" in capsys.readouterr().err
    assert run("decompress", file, tmp_path / "back.ply", "--model", model) == 0
    expected = decompress_cloud(file, model=model, progress=False).points
    assert torch.equal(read_cloud(tmp_path / "back.ply").points, expected)
