"""What all folder readers share: where they look, what they say, how they go on, what they print."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.data import readers
from pcl_lib.data.readers import ReadError, ReadWarning, plain, read_cloud, read_mesh
from pcl_lib.data.readers._make_clouds import rng_for
from pcl_lib.data.readers._read_files import choose

FOLDER_READERS = [
    getattr(readers, name)
    for name in readers.__all__
    if inspect.isfunction(getattr(readers, name))
    and "root" in inspect.signature(getattr(readers, name)).parameters
]


def test_there_are_readers() -> None:
    assert len(FOLDER_READERS) >= 13


def call(reader: object, root: Path | None) -> object:
    return reader(2, root=root) if reader is readers.ict_faces else reader(root)


@pytest.mark.parametrize("reader", FOLDER_READERS, ids=lambda reader: reader.__name__)
def test_without_data_the_error_says_what_to_do(
    reader: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PCL_DATA", raising=False)
    advice = r"expected .*(/|folder).*set the environment variable PCL_DATA .* or pass root="
    with pytest.raises(ReadError, match=f"no folder is given and PCL_DATA is not set; {advice}"):
        call(reader, None)
    with pytest.raises(ReadError, match=f"absent: there is no such folder; {advice}"):
        call(reader, tmp_path / "absent")
    monkeypatch.setenv("PCL_DATA", str(tmp_path))
    with pytest.raises(ReadError, match=f"nothing matches .*; {advice}"):
        call(reader, None)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    for name in ("b", "a", "c"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(ord(name)).normal(size=(50, 3)))
    return tmp_path


def test_bad_file_is_named_and_skipped_only_if_asked(three: Path) -> None:
    (three / "b.npy").write_bytes((three / "b.npy").read_bytes()[:-3])
    with pytest.raises(ReadError, match=r"b\.npy: the header .* there are 1197"):
        plain(three, progress=False)
    with pytest.warns(ReadWarning, match=r"skipped .*b\.npy") as caught:
        assert [c.name for c in plain(three, progress=False, on_error="skip")] == ["a", "c"]
    assert len(caught) == 1
    with pytest.raises(ValueError, match="on_error must be one of 'raise', 'skip', received 'ignore'"):
        plain(three, progress=False, on_error="ignore")


def test_nothing_left_after_skipping_is_an_error(three: Path) -> None:
    for path in three.glob("*.npy"):
        path.write_bytes(b"x")
    with pytest.warns(ReadWarning), pytest.raises(ReadError, match=r"no cloud could be read.*a\.npy"):
        plain(three, progress=False, on_error="skip")


def test_order_is_sorted_and_draws_do_not_depend_on_the_others(three: Path) -> None:
    full = plain(three, n_points=20, progress=False)
    assert [c.name for c in full] == ["a", "b", "c"]
    (alone,) = plain(three, pattern="c*", n_points=20, progress=False)
    assert torch.equal(alone.points, full[2].points)
    other = plain(three, n_points=20, seed=1, progress=False)
    assert not torch.equal(other[0].points, full[0].points)
    whole = {tuple(row) for row in np.load(three / "a.npy").astype(np.float32).tolist()}
    drawn = [tuple(row) for row in full[0].points.tolist()]
    assert len(set(drawn)) == 20
    assert set(drawn) <= whole


def test_too_few_points_says_how_many(three: Path) -> None:
    with pytest.raises(ReadError, match=r"a\.npy: it has 50 points; expected at least n_points=51"):
        plain(three, n_points=51, progress=False)
    with pytest.raises(
        ValueError, match="n_points must be an integer of at least 1, received 0; None keeps all"
    ):
        plain(three, n_points=0, progress=False)


class Terminal:
    """A stderr that keeps what is written to it."""

    def __init__(self, tty: bool) -> None:
        self.text, self.tty, self.encoding = "", tty, "utf-8"

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        return None

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("tty", "notebook", "progress", "drawn"),
    [
        (True, False, True, True),
        (False, True, True, True),
        (True, True, False, False),
        (False, False, True, False),
    ],
)
def test_progress_bar_where_somebody_watches(
    three: Path, monkeypatch: pytest.MonkeyPatch, tty: bool, notebook: bool, progress: bool, drawn: bool
) -> None:
    screen = Terminal(tty)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    plain(three, progress=progress)
    assert ("plain" in screen.text) == drawn


def test_unknown_format(tmp_path: Path) -> None:
    (tmp_path / "a.fbx").write_text("Kaydara")
    with pytest.raises(ReadError, match=r"a\.fbx: unknown format '\.fbx'; expected \.xyz"):
        read_cloud(tmp_path / "a.fbx")
    with pytest.raises(ReadError, match=r"a\.fbx: unknown format '\.fbx'; expected \.off"):
        read_mesh(tmp_path / "a.fbx")
    with pytest.raises(ReadError, match=r"no file that matches .* has a known format"):
        plain(tmp_path, progress=False)


def test_choose() -> None:
    assert choose("split", "all", ["b", "a"]) == ["a", "b"]
    assert choose("split", ["b"], ["b", "a"]) == ["b"]
    with pytest.raises(ValueError, match="split must be some of a, b or 'all', received 'valid'"):
        choose("split", "valid", ["b", "a"])


@given(st.integers(0, 2**40), st.text())
def test_generators_repeat(seed: int, key: str) -> None:
    assert rng_for(seed, key).random() == rng_for(seed, key).random()
    assert rng_for(seed, key).random() != rng_for(seed + 1, key).random()
