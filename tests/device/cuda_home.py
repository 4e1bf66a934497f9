"""A folder in which KeOps finds CUDA where the toolkit came with pip, or in pieces.

KeOps asks the loader for the libraries cuda, nvrtc and cudart, without the number of a version, and wants five headers
below one CUDA_PATH/include. The wheels that torch brings have numbered libraries alone, and not all of the headers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

LIBRARIES = ("libcuda.so", "libnvrtc.so", "libnvrtc-builtins.so", "libcudart.so")
HEADERS = ("cuda.h", "nvrtc.h", "cuda_fp16.h", "crt/host_defines.h", "nv/target")
TOOLKITS = Path("/usr/local")
DRIVERS = ("/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib/x86_64-linux-gnu", "/usr/lib64")


def make_cuda_home(home: Path, sites: Iterable[Path]) -> tuple[dict[str, str], list[str]]:
    """Link libraries and headers into `home`: the variables that name it, and what was found nowhere.

    `sites`: the folders in which packages are installed, those that count first.
    """
    sites = list(sites)
    lib, include = home / "lib", home / "include"
    for folder in (lib, include):
        folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in LIBRARIES if not _link_library(name, lib, _library_folders(sites))]
    for folder in _header_folders(sites):
        for entry in folder.iterdir():
            if not (include / entry.name).is_symlink():
                (include / entry.name).symlink_to(entry.resolve())
    missing += [name for name in HEADERS if not (include / name).exists()]
    # Some packages warn where the two names of the toolkit differ.
    return {"CUDA_PATH": str(home), "CUDA_HOME": str(home), "LD_LIBRARY_PATH": str(lib)}, missing


def _library_folders(sites: list[Path]) -> list[Path]:
    """Those of torch first, then of a toolkit, of the driver, and of the loader's list."""
    found = [path for site in sites for path in sorted(site.glob("nvidia/*/lib"))]
    found += [*sorted(TOOLKITS.glob("cuda*/lib64")), *sorted(TOOLKITS.glob("cuda*/targets/*/lib"))]
    return [*found, *map(Path, DRIVERS), *_loaded_from()]


def _loaded_from() -> list[Path]:
    try:
        known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return []
    return [Path(folder) for folder in dict.fromkeys(re.findall(r"=> (\S+)/[^/\s]+$", known, re.MULTILINE))]


def _header_folders(sites: list[Path]) -> list[Path]:
    found = [path for site in sites for path in sorted(site.glob("nvidia/*/include"))]
    found += [*sorted(TOOLKITS.glob("cuda*/include")), *sorted(TOOLKITS.glob("cuda*/targets/*/include"))]
    found += [path for site in sites for path in sorted(site.glob("triton/backends/nvidia/include"))]
    return [path for path in (*found, *(path / "cccl" for path in found)) if path.is_dir()]


def _link_library(name: str, lib: Path, folders: list[Path]) -> bool:
    """Link the first numbered library of that name, under its number and without; not a stub, which has no driver."""
    for folder in folders:
        numbered = [
            path for path in sorted(folder.glob(f"{name}.[0-9]*")) if not {"stubs", "alt"} & {*path.parts}
        ]
        if numbered:
            for link in {numbered[0].name, name, *(["libcuda.so.1"] if name == "libcuda.so" else [])}:
                (lib / link).unlink(missing_ok=True)
                (lib / link).symlink_to(numbered[0].resolve())
            return True
    return False
