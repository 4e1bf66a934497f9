"""All that a GPU is asked for, in one call of so many minutes: python -m tests.device [--minutes 9]

Races against other libraries, the tests marked gpu, recorded runs. It needs torch, and neither a network nor an
installed library: what is missing is installed from a folder of wheels. Each part has a limit of its own, and what it
found is in the folder of results as soon as it ends. Exit code 1 if a part failed.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import tomllib
from pathlib import Path

from tests.device.box import Box, Part, python
from tests.device.cuda_home import make_cuda_home

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = Path(tempfile.gettempdir()) / "pcl-device"
PARTS = ("install", "keops", "races", "tests", "record")
INSTALL, KEOPS, RACES, TESTS = 90.0, 100.0, 120.0, 170.0  # seconds at most
TO_PACK = 12.0  # seconds kept for the last of the results
EVERY = 45.0  # seconds after which finished runs are packed again
TESTED = ("distances", "neighbors", "models", "trainers", "metrics")
WORKERS = min(4, (os.cpu_count() or 1) // 2)


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    if unknown := set(options.parts) - set(PARTS):
        raise SystemExit(f"the parts are {', '.join(PARTS)}, received {', '.join(sorted(unknown))}")
    options.out.mkdir(parents=True, exist_ok=True)
    box = Box(60 * options.minutes - TO_PACK, SCRATCH / "logs", _environment(options))
    codes: dict[str, int] = {}
    try:
        _all_parts(box, options, codes)
    finally:
        _pack(box, options)
    box.say(f"{', '.join(f'{name} {code}' for name, code in codes.items())}; results in {options.out}")
    _pack(box, options)
    return int(any(codes.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.device", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--minutes", type=float, default=9.0, help="all together (default: %(default)s)")
    parser.add_argument("--parts", nargs="+", default=PARTS, help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--record", nargs="*", default=[], metavar="NAME:PRESET", help="what to train, in turn"
    )
    parser.add_argument("--processes", type=int, default=4, help="runs side by side (default: %(default)s)")
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"), help="of the recorded runs")
    parser.add_argument("--commit", help="of the code, where there is no git")
    parser.add_argument("--wheels", type=Path, default=ROOT / ".whl", help="folder (default: %(default)s)")
    parser.add_argument("--data", type=Path, default=ROOT / ".data", help="folder of data sets")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs", help="where recorded runs go on from")
    out = Path(os.environ.get("OUT", ROOT / "runs" / "device"))
    parser.add_argument(
        "--out", type=Path, default=out, help="folder of results (default: $OUT, or %(default)s)"
    )
    return parser


def _environment(options: argparse.Namespace) -> dict[str, str]:
    own = {
        "PYTHONPATH": os.pathsep.join([str(SCRATCH / "site"), str(ROOT)]),
        "PYTHONUNBUFFERED": "1",
        "KEOPS_CACHE_FOLDER": str(SCRATCH / "keops"),
        "TRITON_CACHE_DIR": str(SCRATCH / "triton"),
    }
    if options.data.is_dir():
        own["PCL_DATA"] = str(options.data)
    for folder in ("keops", "triton"):
        (SCRATCH / folder).mkdir(parents=True, exist_ok=True)
    return os.environ | own


def _all_parts(box: Box, options: argparse.Namespace, codes: dict[str, int]) -> None:
    if "install" in options.parts:
        codes["install"] = _install(box, options)
        _pack(box, options)
        if codes["install"]:
            return
    if "keops" in options.parts:
        codes["keops"] = box.run("keops", python("-m", "tests.device.keops_probe"), most=KEOPS)
        _pack(box, options)
    # Before the others: a race wants a machine of its own.
    if "races" in options.parts:
        minutes = RACES / 60 - 0.2
        command = python("-m", "tests.benchmarks", "--device", "cuda", "--minutes", f"{minutes:.2f}")
        codes["races"] = box.run("races", [*command, "--out", str(options.out)], most=RACES, tail=40)
        _pack(box, options)
    # Tests start processes and wait for them more than they compute: the device trains meanwhile.
    tests = _begin_tests(box, codes) if "tests" in options.parts else None
    if "record" in options.parts:
        _record(box, options, codes, tests)
    if tests is not None:
        codes["tests"] = tests.wait(tail=30)


def _install(box: Box, options: argparse.Namespace) -> int:
    """Wheels, and what names the library's version and shows KeOps its CUDA."""
    site = SCRATCH / "site"
    site.mkdir(parents=True, exist_ok=True)
    code = 0
    if wheels := sorted(map(str, options.wheels.glob("*.whl"))):
        pip = ("pip", "install", "--quiet", "--no-index", "--no-deps", "--no-cache-dir", "--upgrade")
        code = box.run("install", python("-m", *pip, "--target", str(site), *wheels), most=INSTALL)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(exist_ok=True)
    named = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(named, encoding="utf-8")
    sites = [site, Path(sysconfig.get_paths()["purelib"]), *(Path(path) for path in sys.path if path)]
    found, missing = make_cuda_home(SCRATCH / "cuda", sites)
    if missing:
        box.say(f"no CUDA for KeOps: {', '.join(missing)} not found")
    else:
        known = box.environment.get("LD_LIBRARY_PATH")
        found["LD_LIBRARY_PATH"] += f":{known}" if known else ""
        box.environment |= found
    versions = (
        "import sys, torch, numpy; print(sys.version.split()[0], torch.__version__, numpy.__version__, "
    )
    device = "torch.cuda.get_device_name() if torch.cuda.is_available() else 'no CUDA device')"
    return box.run("versions", python("-c", versions + device), most=60.0) or code


def _begin_tests(box: Box, codes: dict[str, int]) -> Part | None:
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "gpu", "--tb=short", "--durations=8"]
    if WORKERS > 1 and importlib.util.find_spec("xdist") is not None:
        command += ["--numprocesses", str(WORKERS), "--dist", "load"]
        _share_compiled(box)
    if codes.get("keops"):
        command += ["-k", "not keops"]
    return box.begin("tests", python(*command, *(f"tests/{name}" for name in TESTED)), most=TESTS)


def _share_compiled(box: Box) -> None:
    """Give each process of the tests, which has a folder of its own, what KeOps has compiled."""
    for worker in range(WORKERS):
        folder = ROOT / "_build" / "keops" / f"gw{worker}"
        if not folder.exists():
            shutil.copytree(box.environment["KEOPS_CACHE_FOLDER"], folder)


def _record(box: Box, options: argparse.Namespace, codes: dict[str, int], tests: Part | None) -> None:
    commit = options.commit or _head()
    if options.record and not commit:
        box.say("record: there is no git here, and --commit names no code: nothing is trained")
        codes["record"] = 1
        return
    for item in options.record:
        name, _, preset = item.partition(":")
        home = options.runs / f"{name}-{preset}"
        command = ["run", name, "--preset", preset, "--device", options.device, "--out", str(home)]
        command += ["--processes", str(options.processes), "--commit", commit]
        part = box.begin(
            f"record-{name}-{preset}", python("-m", "pcl_lib.experiments", *command), most=box.left
        )
        if part is None:
            codes[f"record {item}"] = 1
            continue
        packed = time.monotonic()
        while not part.over():
            if tests is not None:
                tests.over()  # its time may be up
            if time.monotonic() - packed > EVERY:
                _pack(box, options)
                packed = time.monotonic()
            time.sleep(0.2)
        codes[f"record {item}"] = part.wait()
        _pack(box, options)


def _head() -> str:
    """The commit that is checked out, or nothing."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _pack(box: Box, options: argparse.Namespace) -> None:
    """A file of all logs, and one of the runs without their checkpoints, each whole."""
    (box.logs / "report.txt").write_text("\n".join(box.lines) + "\n", encoding="utf-8")
    _archive(
        options.out / "logs.tgz", box.logs, [path for path in sorted(box.logs.iterdir()) if path.is_file()]
    )
    homes = [options.runs / item.replace(":", "-") for item in options.record]
    files = [path for home in homes for path in sorted(home.rglob("*")) if path.is_file()]
    if kept := [
        path for path in files if path.suffix in (".npz", ".json") or path.name in ("commit", "tree")
    ]:
        _archive(options.out / "runs.tgz", options.runs, kept)


def _archive(path: Path, root: Path, files: list[Path]) -> None:
    partial = path.with_suffix(".partial")
    with tarfile.open(partial, "w:gz") as archive:
        for file in files:
            archive.add(file, arcname=file.relative_to(root))
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
