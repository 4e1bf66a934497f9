"""Each number that the text quotes is the one the build computed, and the one that was expected."""

import json
from pathlib import Path

import pytest

from book._tools import expected

EXPECTED = Path(__file__).parent / "expected"


def test_glued_numbers(site):
    pages = {p.relative_to(site.executed / "book").as_posix() for p in site.executed.rglob("*.glue.json")}
    pages = {page.removesuffix(".glue.json") for page in pages}
    assert pages, "no page glues a number"
    committed = {p.relative_to(EXPECTED).with_suffix("").as_posix() for p in EXPECTED.rglob("*.json")}
    problems = [f"{page}: expected values, but the page glues none" for page in sorted(committed - pages)]
    for page in sorted(pages):
        values = expected.glued(site.executed / "book" / f"{page}.glue.json")
        path = EXPECTED / f"{page}.json"
        wanted = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        problems += [f"{page}: {problem}" for problem in expected.compare(values, wanted)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        (0.2501, {"value": 0.25, "rtol": 1e-3}),
        (12, {"value": 12, "atol": 0}),
        (3.0, {"min": 1, "max": 4}),
        (1e6, {"measured": "s"}),
        ("kdtree", {"equals": "kdtree"}),
        (True, {"equals": True}),
    ],
)
def test_agreeing_values_pass(value, entry):
    assert expected.differs(value, entry) is None


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        (0.2504, {"value": 0.25, "rtol": 1e-3}),
        (13, {"value": 12, "atol": 0}),
        (5.0, {"min": 1, "max": 4}),
        (0.0, {"measured": "s"}),
        (float("inf"), {"measured": "s"}),
        ("3 s", {"measured": "s"}),
        (float("nan"), {"min": 1, "max": 4}),
        (float("nan"), {"value": 1.0, "rtol": 1.0}),
        (float("inf"), {"value": 1.0, "atol": 1.0}),
        ("keops", {"equals": "kdtree"}),
        (1, {"equals": True}),
        ("0.25", {"value": 0.25, "rtol": 1e-3}),
        (0.25, {"value": 0.25}),
        (0.25, {}),
    ],
)
def test_other_values_fail(value, entry):
    assert expected.differs(value, entry)


def test_missing_and_extra_keys_fail():
    problems = expected.compare({"a": 1.0, "b": 2.0}, {"b": {"value": 2.0, "atol": 0}, "c": {"equals": "x"}})
    assert problems == ["'a' is glued but not expected", "'c' is expected but not glued"]


@pytest.mark.parametrize("text", ["np.float64(3.25)", "tensor(3.25)", "[1, 2]", "None", "nan"])
def test_values_that_are_no_plain_number_fail(text):
    with pytest.raises(expected.NotANumber, match="key"):
        expected.parse("key", text)


def test_figures_are_no_numbers(tmp_path):
    record = "application/papermill.record/"
    data = {
        "figure": {"data": {f"{record}text/plain": "<Figure>", f"{record}text/html": "<img>"}},
        "number": {"data": {f"{record}text/plain": "0.5"}},
    }
    path = tmp_path / "page.glue.json"
    path.write_text(json.dumps(data))
    assert expected.glued(path) == {"number": 0.5}


def test_draft_agrees_with_its_value():
    for value in (0.123456789, -3e-9, 0.0, 7, "text", False):
        assert expected.differs(value, expected.draft(value)) is None


def test_writing_adds_new_keys_only(tmp_path, monkeypatch, capsys):
    (tmp_path / "page.glue.json").write_text(
        json.dumps({k: {"data": {"text/plain": v}} for k, v in {"old": "2.0", "new": "3.0"}.items()})
    )
    (tmp_path / "page.json").write_text('{"old": {"value": 1.0, "rtol": 0.001}}')
    monkeypatch.setattr(expected, "EXPECTED", tmp_path)
    monkeypatch.setattr("sys.argv", ["expected", "page", "--write", "--executed", str(tmp_path)])
    assert expected.main() == 1  # the old value moved, and stays a disagreement
    assert "'old' is 2.0, expected 1.0" in capsys.readouterr().out
    written = json.loads((tmp_path / "page.json").read_text())
    assert written == {"old": {"value": 1.0, "rtol": 0.001}, "new": {"value": 3.0, "rtol": 0.001}}
