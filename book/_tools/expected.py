"""The numbers in the text and the values they must have.

A chapter glues each number that a sentence quotes; MyST-NB writes them to `<page>.glue.json`. Beside them stands
`tests/book/expected/<page>.json` with one entry per key:

    {"value": 0.25, "rtol": 1e-3}    equal within a relative tolerance
    {"value": 12, "atol": 0}         equal within an absolute tolerance
    {"min": 0.1, "max": 60}          within bounds, for what depends on the machine, but not on its clock
    {"measured": "s"}                a time or a speed in this unit: more than nothing, and no clock fails a build
    {"equals": "text"}               equal text, or a truth value

`python -m book._tools.expected foundations/which-chamfer --write` adds entries for new keys after a build. It never
changes an entry that is there: a number that moved has to be looked at by a person.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXPECTED = ROOT / "tests" / "book" / "expected"
EXECUTED = ROOT / "_build" / "jupyter_execute" / "book"


class NotANumber(ValueError):
    """A glued value that the text cannot show as a number, such as `np.float64(0.5)`."""


def glued(path: Path) -> dict[str, Any]:
    """The values in a `.glue.json`; figures and other rich outputs are left out."""
    values = {}
    for key, output in json.loads(path.read_text(encoding="utf-8")).items():
        data = {mime.removeprefix("application/papermill.record/"): v for mime, v in output["data"].items()}
        if set(data) == {"text/plain"}:
            values[key] = parse(key, data["text/plain"])
    return values


def parse(key: str, text: str) -> Any:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError) as error:
        raise NotANumber(
            f"'{key}' is glued as {text!r}, which the text cannot format; glue float(x), int(x) or a string"
        ) from error
    if not isinstance(value, bool | int | float | str):
        raise NotANumber(f"'{key}' is glued as a {type(value).__name__}; glue each number under its own key")
    return value


def differs(value: Any, entry: dict[str, Any]) -> str | None:
    """What is wrong with a value, or None. An entry of another form than those above is an error."""
    kind = frozenset(entry)
    if kind == {"equals"}:
        same = type(value) is type(entry["equals"]) and value == entry["equals"]
        return None if same else f"is {value!r}, expected {entry['equals']!r}"
    if isinstance(value, bool | str):
        return f"is {value!r}; compare a text or truth value with 'equals'"
    if not math.isfinite(value):
        return f"is {value}"
    if kind == {"measured"}:
        return None if value > 0 else f"is {value!r}, expected a measured time or speed, which is more than 0"
    if kind == {"min", "max"}:
        low, high = entry["min"], entry["max"]
        return None if low <= value <= high else f"is {value!r}, expected between {low} and {high}"
    if kind in ({"value", "rtol"}, {"value", "atol"}):
        wanted = entry["value"]
        allowed = entry["atol"] if "atol" in entry else entry["rtol"] * abs(wanted)
        off = abs(value - wanted)
        return None if off <= allowed else f"is {value!r}, expected {wanted!r} within {allowed:.3g}"
    return f"has an entry with the keys {sorted(entry)}, which this project does not know"


def compare(values: dict[str, Any], expected: dict[str, dict[str, Any]]) -> list[str]:
    """Each disagreement between what a page glued and what is expected of it."""
    problems = [f"'{key}' is glued but not expected" for key in sorted(values.keys() - expected.keys())]
    problems += [f"'{key}' is expected but not glued" for key in sorted(expected.keys() - values.keys())]
    for key in sorted(values.keys() & expected.keys()):
        if problem := differs(values[key], expected[key]):
            problems.append(f"'{key}' {problem}")
    return problems


def draft(value: Any) -> dict[str, Any]:
    """A first entry for a new key; the author widens or narrows it with a reason."""
    if isinstance(value, bool | str):
        return {"equals": value}
    if isinstance(value, int):
        return {"value": value, "atol": 0}
    return {"value": float(f"{value:.6g}"), "rtol": 1e-3}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m book._tools.expected", description=__doc__.split("\n")[0]
    )
    parser.add_argument("page", help="page below book/, such as foundations/which-chamfer")
    parser.add_argument("--write", action="store_true", help="add entries for new keys")
    parser.add_argument("--executed", type=Path, default=EXECUTED, help="folder of the .glue.json files")
    options = parser.parse_args()
    values = glued(options.executed / f"{options.page}.glue.json")
    target = EXPECTED / f"{options.page}.json"
    expected = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    new = {key: draft(value) for key, value in values.items() if key not in expected}
    if options.write and new:
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted((expected | new).items())]
        part = target.with_suffix(".part")
        part.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        os.replace(part, target)
        print(f"{len(new)} new keys in {target}: look at each tolerance")
        expected |= new
    problems = compare(values, expected)
    print("\n".join(problems) if problems else f"{len(values)} values agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
