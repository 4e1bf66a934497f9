"""The command line on folders of clouds: what a user types, and what a user gets wrong."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pcl_lib.codec import _learn_set, read_set, write_cloud, write_container
from pcl_lib.codec.__main__ import main
from pcl_lib.data import Cloud, read_cloud
from tests.codec.sets import stored

SMALL = (
    "--codes=3",
    "--patches=4",
    "--trunk=24-16",
    "--heads=12-3",
    "--batch=4",
    "--sample=32",
    "--device=cpu",
)
PLACE = torch.tensor([100.0, -40.0, 5.0])
POINTS = 64


def sphere(radius: float, seed: int, points: int = POINTS) -> Cloud:
    generator = torch.Generator().manual_seed(seed)
    directions = torch.nn.functional.normalize(torch.randn(points, 3, generator=generator), dim=1)
    return Cloud(PLACE + radius * directions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Balls of radius 1 to 5 about one place, the points of each in an order of its own."""
    for radius in range(1, 6):
        write_cloud(tmp_path / "balls" / f"radius {radius}.ply", sphere(radius, seed=radius))
    return tmp_path / "balls"


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run(*arguments) == 1
    printed = capsys.readouterr().err
    assert printed.count("error: ") == 1
    assert "Traceback" not in printed
    return printed


@pytest.mark.slow
def test_a_folder_to_a_file_and_back(folder, tmp_path, capsys):
    """Sizes and place come back: one map for the whole set, not one for each cloud."""
    file, back = tmp_path / "balls.pcld", tmp_path / "back"
    assert run("compress", folder, file, "--steps", 500, "--precision", "uint8", *SMALL) == 0
    printed = capsys.readouterr().out
    size = file.stat().st_size
    assert (
        f"{size:,} bytes for {12 * 5 * POINTS:,} of points in float32, {12 * 5 * POINTS / size:.1f} to 1"
        in printed
    )
    assert [path.name for path in tmp_path.iterdir() if path != folder] == ["balls.pcld"], (
        "the training is gone"
    )
    assert run("decompress", file, back) == 0
    assert sorted(path.name for path in back.iterdir()) == sorted(path.name for path in folder.iterdir())
    radii = []
    for radius in range(1, 6):
        points = read_cloud(back / f"radius {radius}.ply").points
        assert points.shape == (POINTS, 3)
        assert float((points.mean(0) - PLACE).norm()) < 1.0
        radii.append(float((points - PLACE).norm(dim=1).median()))
    np.testing.assert_allclose(radii, range(1, 6), atol=0.6)
    assert run("info", file) == 0
    printed = capsys.readouterr().out
    assert "5 of 64 points: radius 1, radius 2, radius 3, .." in printed
    assert "uint8: " in printed
    assert "an input cloud of 64 points in 4 patches" in printed


@pytest.mark.parametrize("far", [(0.0, 0.0, 0.0), (450_000.0, 5_400_000.0, 0.0)], ids=["near", "survey"])
def test_one_map_for_the_whole_set(folder, far):
    """Each cloud scaled to [-1, 1] by itself would lose its size; here the largest alone fills the box."""
    clouds = torch.stack([read_cloud(path).points.double() for path in sorted(folder.iterdir())])
    clouds += torch.tensor(far, dtype=torch.float64)
    small = {"code_size": 2, "patches": 4, "trunk": (8,), "heads": (3,), "steps": 4, "progress": False}
    learnt = _learn_set.learn_set(clouds, **small)
    low, high = clouds.flatten(0, 1).aminmax(dim=0)
    assert learnt.scale == pytest.approx(float((high - low).max()) / 2)
    np.testing.assert_allclose(learnt.centre, (low + high) / 2, rtol=0, atol=1e-6)
    started = learnt.model.input_cloud.detach().double() * learnt.scale + torch.tensor(
        learnt.centre, dtype=torch.float64
    )
    # By differences: products of coordinates of millions leave no digits of a distance of centimetres.
    direct = "donot_use_mm_for_euclid_dist"
    nearby = torch.cdist(started, clouds.flatten(0, 1), compute_mode=direct).amin(1)
    assert float(nearby.max()) < 0.1, "it began as one of the clouds, and moved four steps"


@pytest.mark.slow
def test_a_run_that_was_stopped_goes_on_to_the_same_file(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_learn_set, "_CHECKPOINT_SECONDS", 0.0)
    whole, stopped = tmp_path / "whole.pcld", tmp_path / "stopped.pcld"
    assert run("compress", folder, whole, "--steps", 120, *SMALL) == 0

    def stop(step: int) -> None:
        raise KeyboardInterrupt

    fit = _learn_set.fit
    with monkeypatch.context() as patched:
        patched.setattr(_learn_set, "fit", lambda *a, **k: fit(*a, **k, look=stop, look_at=[110]))
        assert run("compress", folder, stopped, "--steps", 120, *SMALL) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert not stopped.exists()
    assert (tmp_path / "stopped.pcld.training").is_dir()
    begun = []
    monkeypatch.setattr(_learn_set, "fit", lambda *a, **k: begun.append(fit(*a, **k)) or begun[0])
    assert run("compress", folder, stopped, "--steps", 120, *SMALL) == 0
    assert begun[0].records[0]["step"] <= 100, "the log of what came before is kept"
    assert stopped.read_bytes() == whole.read_bytes()


def test_other_options_do_not_go_on_with_a_training(folder, tmp_path, capsys):
    training = tmp_path / "training"
    kept = ("--training", training, "--steps", 8)
    assert run("compress", folder, tmp_path / "a.pcld", *kept, *SMALL) == 0
    message = refused(
        capsys, "compress", folder, tmp_path / "a.pcld", *kept, *SMALL, "--codes", 4, "--seed", 1
    )
    assert "holds a run with code_size 3 (now 4), seed 0 (now 1); go on with the same options" in message
    # Another precision is no other training.
    assert run("compress", folder, tmp_path / "b.pcld", *kept, *SMALL, "--precision", "uint8") == 0
    assert (tmp_path / "b.pcld").stat().st_size < (tmp_path / "a.pcld").stat().st_size


def test_clouds_of_unequal_size(folder, tmp_path, capsys):
    write_cloud(folder / "small.ply", sphere(1, 0, points=40))
    message = refused(capsys, "compress", folder, tmp_path / "a.pcld", *SMALL)
    assert "must be of one size, received 64 points in radius 1 and 40 in small; --points 40 takes" in message
    assert run("compress", folder, tmp_path / "a.pcld", "--points", 40, "--steps", 4, *SMALL) == 0
    assert read_set(tmp_path / "a.pcld").info[:2] == (6, 40)


def test_a_cloud_with_nan_is_named(folder, tmp_path, capsys):
    points = sphere(1, 0).points.clone()
    points[7, 1] = float("nan")
    np.save(folder / "broken scan.npy", points.numpy())
    message = refused(capsys, "compress", folder, tmp_path / "a.pcld", *SMALL)
    assert "broken scan.npy" in message
    assert "1 of 64 points are NaN or infinite" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--points", "30"],
            "points must be a multiple of the number of patches, 4, received 30; take 28 points",
        ),
        (["--patches", "3", "--points", "63"], "patches must be a power of two"),
        (["--patches", "128"], "patches must be an integer from 1 to the 64 points of a cloud, received 128"),
        (["--codes", "0"], "code_size must be an integer of at least 1, received 0"),
        (["--batch", "1"], "batch must be an integer of at least 2, received 1"),
        (["--steps", "0"], "steps must be an integer of at least 1, received 0"),
        (["--heads", "4"], "heads must end in 3"),
        (["--points", "65"], "65"),
        (["--pattern", "*.pts"], "nothing matches *.pts"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_fit(folder, tmp_path, capsys, options, message):
    assert message in refused(capsys, "compress", folder, tmp_path / "a.pcld", *SMALL, *options)
    assert not (tmp_path / "a.pcld").exists()
    assert not (tmp_path / "a.pcld.training").exists(), (
        "nothing is left that a better command would trip over"
    )


def test_folders_that_hold_no_data_set(folder, tmp_path, capsys):
    out = tmp_path / "a.pcld"
    assert "there is no such file or folder" in refused(capsys, "compress", tmp_path / "absent", out)
    (tmp_path / "empty").mkdir()
    assert "nothing matches **/*" in refused(capsys, "compress", tmp_path / "empty", out)
    (tmp_path / "empty" / "note.txt").write_text("A note.")
    assert "has a known format" in refused(capsys, "compress", tmp_path / "empty", out)
    write_cloud(tmp_path / "one" / "a.ply", sphere(1, 0))
    assert "must hold at least 2 clouds, received 1" in refused(capsys, "compress", tmp_path / "one", out)
    write_cloud(tmp_path / "one" / "a.npy", sphere(1, 0))
    assert "names must be distinct" in refused(capsys, "compress", tmp_path / "one", out)
    np.save(folder / "flat.npy", np.zeros((POINTS, 2)))
    assert "must have 3 coordinates, received 2 in flat" in refused(capsys, "compress", folder, out)
    for name in ("x", "y"):
        write_cloud(tmp_path / "point" / f"{name}.ply", Cloud(PLACE.repeat(POINTS, 1)))
    assert "points that are all the same" in refused(capsys, "compress", tmp_path / "point", out)
    assert "must be a file, such as balls.pcld, received a folder" in refused(
        capsys, "compress", folder, folder
    )
    assert "there is no folder" in refused(capsys, "compress", folder, tmp_path / "absent" / "a.pcld")


@pytest.mark.parametrize("suffix", [".ply", ".xyz", ".npy"])
def test_every_format_gives_the_same_points(tmp_path, suffix):
    path = stored(tmp_path / "a.pcld")
    assert run("decompress", path, tmp_path / "back", "--format", suffix) == 0
    for row, name in enumerate(("anna/smile", "anna/frown", "bert")):
        points = read_cloud(tmp_path / "back" / f"{name}{suffix}").points
        assert torch.equal(points, read_set(path).points(row))


def test_survey_coordinates_and_what_belongs_to_points_are_written(tmp_path):
    points = torch.tensor(
        [[450_000.001, 5_400_000.002, 300.003], [450_001, 5_400_001, 301]], dtype=torch.float64
    )
    normals, colors = (
        torch.tensor([[0.0, 0, 1], [1, 0, 0]]),
        torch.tensor([[1, 2, 3], [4, 5, 255]]).to(torch.uint8),
    )
    cloud = Cloud(points, normals=normals, colors=colors)
    for suffix in (".ply", ".xyz", ".npy"):
        write_cloud(tmp_path / f"a{suffix}", cloud)
        assert torch.equal(read_cloud(tmp_path / f"a{suffix}", dtype=torch.float64).points, points)
    found = read_cloud(tmp_path / "a.ply")
    assert torch.equal(found.normals, normals)
    assert torch.equal(found.colors, colors)
    with pytest.raises(ValueError, match=r"path must end in \.ply, \.xyz, \.npy, received 'a\.las'"):
        write_cloud(tmp_path / "a.las", cloud)
    with pytest.raises(
        ValueError, match=r"cloud\.points must have D = 3 in its last axis, received shape \(4, 2\)"
    ):
        write_cloud(tmp_path / "b.ply", Cloud(torch.zeros(4, 2)))
    assert not (tmp_path / "b.ply").exists()


def test_decompress_overwrites_nothing(tmp_path, capsys):
    path = stored(tmp_path / "a.pcld")
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "mine.txt").write_text("mine")
    assert "must be a new or an empty folder" in refused(capsys, "decompress", path, tmp_path / "back")
    assert "must be a new or an empty folder" in refused(capsys, "decompress", path, path)


def test_a_set_that_the_disk_cannot_hold(tmp_path, capsys, monkeypatch):
    path = stored(tmp_path / "a.pcld")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=12 * 3 * 32 - 1))
    message = refused(capsys, "decompress", path, tmp_path / "back")
    assert "3 clouds of 32 points take 1,152 bytes, 1,151 are free" in message
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("command", [["info"], ["decompress"]], ids=" ".join)
def test_files_that_are_none_of_ours(tmp_path, capsys, command):
    out = [tmp_path / "back"] if command == ["decompress"] else []
    note, cut, model = (tmp_path / name for name in ("note.pcld", "cut.pcld", "model.pclm"))
    note.write_text("A note.")
    cut.write_bytes(stored(tmp_path / "a.pcld").read_bytes()[:-50])
    write_container(model, "pclm", {}, {})
    assert "not a compressed file of pcl_lib" in refused(capsys, *command, note, *out)
    assert "cut short or damaged" in refused(capsys, *command, cut, *out)
    says = "holds a trained model (pclm), which has no points" if out else "model.pclm"
    assert says in refused(capsys, *command, model, *out)
    assert "No such file" in refused(capsys, *command, tmp_path / "absent", *out)
    assert not (tmp_path / "back").exists()
