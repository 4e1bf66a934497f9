"""Records: what a long run measured, with all that is needed to know what made it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import pcl_lib
from pcl_lib._files import write_whole
from pcl_lib.experiments.catalogue import experiment
from pcl_lib.experiments.runner.experiment import Settings, by_clock, runs_of
from pcl_lib.experiments.runner.npz import pack_arrays, read_arrays
from pcl_lib.experiments.runner.provenance import Source, check_unchanged
from pcl_lib.experiments.runner.result import Result, Row
from pcl_lib.experiments.runner.settings_hash import as_recorded, settings_hash

_OF_CHECKOUT = Path(pcl_lib.__file__).parents[1] / "book" / "records"
# An installed library has them beside this file; a checkout keeps them with the book.
RECORDS = _OF_CHECKOUT if _OF_CHECKOUT.is_dir() else Path(__file__).parent / "records"
LARGEST = 1_000_000  # bytes of previews
# Passes over the training data from which a record may decide between losses that are close: a tenth of those of the
# papers, which have 400 to 1,000.
DECIDES = 100


class StaleRecord(ValueError):
    """A record that the code of today would not write. The message says what differs."""


@dataclass(frozen=True, eq=False)  # arrays do not compare to one truth
class Record:
    """A result and where it comes from.

    `experiment`, `preset`, `settings` and their `settings_hash` (see `settings_hash`); `seeds`; `data` with name and
    checksum; `device`; `versions` of Python and packages; `date` (UTC) of the end; `seconds` of all training;
    `commit` of the code, whose files were as committed; `digest`, SHA-256 of the rows and curves, by which a number
    that was changed by hand is found. `result` has tables, curves and previews, as a live one.
    """

    experiment: str
    preset: str
    settings: Mapping[str, Any] = field(repr=False)
    settings_hash: str
    seeds: list[int]
    data: Mapping[str, str]
    device: str
    versions: Mapping[str, str]
    date: str
    seconds: float
    commit: str
    clean: bool
    digest: str
    result: Result = field(repr=False)

    @property
    def caption(self) -> str:
        """Device, date, data set, seeds and length in one sentence, to stand under each table of the record."""
        *others, last = map(str, self.seeds)
        seeds = f"seeds {', '.join(others)} and {last}" if others else f"seed {last}"
        seconds = by_clock(experiment(self.experiment).presets[self.preset]())
        if seconds:
            length = f"{seconds:.0f} seconds of training for each run"
        else:
            length = f"{self.epochs:.0f} passes over the training data"
            if self.epochs < DECIDES:
                length += ", too short to decide between losses that are close"
        return (
            f"Recorded on {self.date[:10]} ({self.device}), preset {self.preset}: {self.data['name']}, "
            f"{seeds}; {length}, {self.seconds / 60:.0f} minutes of training, code {self.commit[:10]}."
        )

    @property
    def epochs(self) -> float:
        """How often the training saw each of its items; nan where the clock ended it."""
        return float(experiment(self.experiment).presets[self.preset]().epochs)


def write_record(
    name: str, preset: str, settings: Any, result: Result, source: Source, *, folder: Path = RECORDS
) -> Path:
    """Write the JSON and the NPZ file of a record into the folder, each whole or absent.

    `source` is the code when the run began, see `source_of`.
    Errors: `ValueError`, and no file, if a run of the settings is missing from the result or a number is not finite,
    if the settings are not those of the preset, if the code is not as it was committed then, or if the previews
    are larger than 1 MB.
    """
    of = experiment(name)
    if preset not in of.presets or settings != of.presets[preset]():
        raise ValueError(
            f"a record has the settings of its preset {preset!r}, received others; change the preset and commit it"
        )
    _check_complete(settings, result)
    check_unchanged(source)
    arrays = pack_arrays(result.previews)
    if len(arrays) > LARGEST:
        raise ValueError(f"previews take at most {LARGEST} bytes, received {len(arrays)}; show fewer shapes")
    found = _packed(result)
    content = {
        "experiment": name,
        "preset": preset,
        "settings": as_recorded(settings),
        "settings_hash": settings_hash(name, of.version, settings),
        "seeds": list(settings.seeds),
        "data": dict(result.data),
        "device": result.device,
        "versions": dict(result.versions),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(result.seconds, 1),
        "commit": source.commit,
        "clean": True,
        "previews": hashlib.sha256(arrays).hexdigest(),
        "digest": digest_of(found),
        "result": found,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{of.record_name(preset)}.json"
    write_whole(path.with_suffix(".npz"), arrays)
    write_whole(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
    return path


def digest_of(found: Mapping[str, Any]) -> str:
    """SHA-256 of what the file of a record holds under "result": its rows and curves."""
    text = json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _packed(result: Result) -> dict[str, Any]:
    """Rows and curves as JSON holds them: the factors of a row stand beside its seed."""
    return {
        "rows": [
            {
                **row.factors,
                "seed": row.seed,
                "metrics": dict(row.metrics),
                "ms_per_step": row.ms_per_step,
                **({} if row.relative_cost is None else {"relative_cost": row.relative_cost}),
            }
            for row in result.rows
        ],
        "curves": [[*key, curve.tolist()] for key, curve in result.curves.items()],
        "logged_steps": result.logged_steps,
        "curve_measure": result.curve_measure,
    }


def _row(stored: Mapping[str, Any]) -> Row:
    of_run = ("seed", "metrics", "ms_per_step", "relative_cost")
    factors = {name: value for name, value in stored.items() if name not in of_run}
    return Row(factors, **{name: stored[name] for name in of_run if name in stored})


def read_record(name: str | Path, folder: Path = RECORDS) -> Record:
    """The record of an experiment, by its name or by the path of its JSON file.

    Errors: `FileNotFoundError` if there is none; `StaleRecord` if a field is missing, or if its numbers or previews
    are not those that were written.
    """
    path = Path(name) if str(name).endswith(".json") else folder / f"{name}.json"
    content = _content(path)
    result = Result(
        rows=[_row(stored) for stored in content["result"]["rows"]],
        curves={tuple(key): np.array(curve) for *key, curve in content["result"]["curves"]},
        logged_steps=content["result"]["logged_steps"],
        curve_measure=content["result"]["curve_measure"],
        previews=read_arrays(path.with_suffix(".npz")),
        data=content["data"],
        device=content["device"],
        seconds=content["seconds"],
        versions=content["versions"],
    )
    return Record(**{f.name: content[f.name] for f in fields(Record) if f.name != "result"}, result=result)


def verify(path: Path) -> None:
    """Raise `StaleRecord` unless the record is whole and its settings are those that its preset has now."""
    content = _content(path)
    of = experiment(content["experiment"])
    if content["preset"] not in of.presets:
        raise StaleRecord(f"{path.name}: there is no preset {content['preset']!r} any more; record it again")
    settings = of.presets[content["preset"]]()
    now = settings_hash(of.name, of.version, settings)
    if content["settings_hash"] != now:
        raise StaleRecord(
            f"{path.name}: settings {content['settings_hash'][:12]}, but the preset {content['preset']!r} has "
            f"{now[:12]} now; record it again"
        )
    if json.loads(json.dumps(as_recorded(settings))) != content["settings"]:
        raise StaleRecord(f"{path.name}: its settings are not those of its hash; record it again")
    if content["clean"] is not True:
        raise StaleRecord(f"{path.name}: its code was not as committed; record it again")
    _check_complete(settings, read_record(path).result)


def _content(path: Path) -> dict[str, Any]:
    """The JSON of a record with all its fields, and previews beside it that belong to it."""
    if not path.exists():
        raise FileNotFoundError(
            f"there is no record {path}; records come with the source of the book, where `make record "
            f"NAME={path.stem}` writes one; name its folder as the second argument"
        )
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    wanted = {f.name for f in fields(Record)} | {"previews"}
    missing = sorted(wanted - content.keys())
    if missing:
        raise StaleRecord(f"{path.name}: lacks {', '.join(missing)}; record it again")
    arrays = path.with_suffix(".npz")
    if not arrays.exists() or hashlib.sha256(arrays.read_bytes()).hexdigest() != content["previews"]:
        raise StaleRecord(f"{path.name}: the previews {arrays.name} are not those that belong to it")
    if content["digest"] != digest_of(content["result"]):
        raise StaleRecord(
            f"{path.name}: its rows and curves are not those that were measured, a number was changed by hand; "
            "record it again"
        )
    return content


def _check_complete(settings: Settings, result: Result) -> None:
    wanted = [(run.configuration, run.seed) for run in runs_of(settings)]
    found = [(row.configuration, row.seed) for row in result.rows]
    missing = [" ".join((*key, str(seed))) for key, seed in sorted({*wanted} - {*found})]
    if missing or len(found) != len(wanted):
        raise ValueError(f"the result lacks the runs {', '.join(missing)}; a record has them all")
    for row in result.rows:
        costs = [row.ms_per_step] if row.relative_cost is None else [row.ms_per_step, row.relative_cost]
        if not all(math.isfinite(number) for number in (*row.metrics.values(), *costs)):
            raise ValueError(f"a number of the run {row} is not finite; a record has none such")
