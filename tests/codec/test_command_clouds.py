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


SURVEY = 1e-3 * torch.tensor([[4_500_000_123, 540_000_001, 12_345], [4_500_019_876, 540_007_777, 12_999]])
CLOUDS = {
    "a survey": SURVEY.double(),
    "one point": torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64),
    "duplicates": torch.tensor([[0.0, 0, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]], dtype=torch.float64),
    "one place": torch.full((5, 3), -7.0, dtype=torch.float64),
}


@pytest.mark.parametrize("codec", ["grid", "octree", "dpcc"])
@pytest.mark.parametrize("name", CLOUDS)
def test_clouds_at_the_edge(name, codec, tmp_path, capsys):
    """Millimetres at 4,500 km stay; what has no extent and what occurs twice is as the codec says."""
    points, file = CLOUDS[name], tmp_path / "a.pclc"
    write_cloud(tmp_path / "a.xyz", Cloud(points))
    assert run("compress", tmp_path / "a.xyz", file, "--codec", codec, "--bits", 16) == 0
    kept = len(points.unique(dim=0)) if codec == "octree" else len(points)
    merged = len(points) - kept
    said = capsys.readouterr().out
    assert f": {kept:,} points" in said
    assert (f"({len(points)} given, {merged} merged with others)" in said) == (merged > 0)
    assert run("decompress", file, tmp_path / "back.ply") == 0
    back = read_cloud(tmp_path / "back.ply").points.double()
    assert len(back) == kept
    side = (points.amax(0) - points.amin(0)).max()
    assert torch.cdist(points, back).amin(1).max() <= side / 2**16
    assert name != "a survey" or torch.allclose(back.mean(0), points.mean(0), rtol=0, atol=5e-4)


@pytest.mark.parametrize("codec", ["grid", "octree", "dpcc"])
def test_files_without_a_sound_point(codec, tmp_path, capsys):
    (tmp_path / "nan.xyz").write_text("0 0 0\n1 nan 1\n2 2 inf\n3 3 3\n")
    (tmp_path / "empty.xyz").write_text("")
    file = tmp_path / "a.pclc"
    assert run("compress", tmp_path / "empty.xyz", file, "--codec", codec) == 1
    assert "empty" in capsys.readouterr().err
    assert run("compress", tmp_path / "nan.xyz", file, "--codec", codec) == 1
    assert "drop_bad" in capsys.readouterr().err
    assert not file.exists()
    assert run("compress", tmp_path / "nan.xyz", file, "--codec", codec, "--drop-bad") == 0
    said = capsys.readouterr().out
    assert ": 2 points" in said
    assert "2 points with NaN or infinity left out" in said


def test_the_limit_goes_both_ways(chair, tmp_path, capsys):
    file = tmp_path / "a.pclc"
    assert run("compress", chair, file, "--limit", 511) == 1
    assert "at most 511 (the limit), received 512; pass limit= (--limit)" in capsys.readouterr().err
    assert run("compress", chair, file, "--codec", "grid", "--limit", 512) == 0
    assert run("decompress", file, tmp_path / "b.ply", "--limit", 511) == 1
    assert "pass limit=512 (--limit)" in capsys.readouterr().err
    assert run("decompress", file, tmp_path / "b.ply", "--limit", 512) == 0


def test_columns_can_be_named(tmp_path, capsys):
    (tmp_path / "a.xyz").write_text("9 0 1 2 3\n9 4 5 6 7\n")
    assert run("compress", tmp_path / "a.xyz", tmp_path / "a.pclc", "--columns", "_ x y z _") == 0
    assert run("decompress", tmp_path / "a.pclc", tmp_path / "b.xyz") == 0
    assert read_cloud(tmp_path / "b.xyz").points.round().tolist() == [[0, 1, 2], [4, 5, 6]]


def test_where_nothing_can_be_written_is_said_before_the_work(chair, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pcl_lib.codec._cloud_command.compress", None)  # is not called
    assert run("compress", chair, tmp_path / "no" / "a.pclc") == 1
    assert f"there is no folder {tmp_path / 'no'} for a.pclc" in capsys.readouterr().err
    assert run("compress", chair, tmp_path) == 1
    assert f"{tmp_path} must be a file, such as {tmp_path.name}.pclc" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["compress", "decompress"])
def test_stopped_it_leaves_nothing(command, chair, tmp_path, capsys, monkeypatch):
    """A cloud begins anew: only the training of a folder goes on."""
    file, back = tmp_path / "a.pclc", tmp_path / "back.ply"
    if command == "decompress":
        assert run("compress", chair, file, "--codec", "dpcc") == 0
    before = sorted(tmp_path.iterdir())

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pcl_lib.codec._dpcc._local", stop)
    options = ["compress", chair, file, "--codec", "dpcc"] if command == "compress" else [command, file, back]
    assert run(*options) == 130
    assert capsys.readouterr().err.endswith("stopped\n")
    assert sorted(tmp_path.iterdir()) == before
