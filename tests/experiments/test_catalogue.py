"""Every experiment of the catalogue: settings hashed whole, presets that differ, records of names of their own."""

import copy
import json
from collections import Counter
from dataclasses import asdict, fields

import pytest

from pcl_lib.experiments.catalogue import EXPERIMENTS, experiment
from pcl_lib.experiments.record import LARGEST, RECORDS, verify
from pcl_lib.experiments.runner.settings_hash import settings_hash

RECORDED = sorted(path.stem for path in RECORDS.glob("*.json") if path.with_suffix(".npz").exists())
# The first experiments have one name for a long record and for the short one that is committed until there is a long.
ONE_NAME = {"autoencoder-distances", "completion-losses", "completion-networks"}
SAME_ON_A_GPU = {"caloss-every-loss"}


def presets(name):
    return {preset: make() for preset, make in experiment(name).presets.items()}


def recorded(name):
    return [preset for preset in experiment(name).presets if preset.startswith("record")]


def other(value):
    """Another of its kind, whether it makes sense or not."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, tuple):
        return (*value, "another")
    return f"another {value}" if isinstance(value, str) else 2 * value + 1


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_hash_changes_with_any_setting(name):
    settings = presets(name)["tiny"]
    hashes = {settings_hash(name, 1, settings)}
    for field in fields(settings):
        changed = copy.copy(settings)  # not by `replace`, which would refuse some of these values
        object.__setattr__(changed, field.name, other(getattr(settings, field.name)))
        found = settings_hash(name, 1, changed)
        assert found not in hashes, field.name
        hashes.add(found)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_presets_are_whole_and_differ(name):
    of, made = experiment(name), presets(name)
    assert of.name == name
    assert recorded(name)
    hashes = {settings_hash(name, of.version, settings) for settings in made.values()}
    assert len(hashes) == len(made) - (name in SAME_ON_A_GPU)
    for settings in made.values():
        assert len(set(settings.configurations)) == len(settings.configurations)
        assert {len(each) for each in settings.configurations} == {len(settings.factors)}
        assert settings.logged_steps[-1] == settings.steps
        assert sorted(set(settings.logged_steps)) == list(settings.logged_steps)
        assert all(isinstance(value, str | int | float | tuple) for value in asdict(settings).values())


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_tiny_preset_is_tiny(name):
    made = presets(name)
    tiny = made.pop("tiny")
    assert tiny.steps <= 8
    assert tiny.batch_size <= 8
    assert len(tiny.seeds) <= 2
    assert all(tiny.steps < settings.steps for settings in made.values())


def test_no_two_records_share_a_name():
    names = Counter()
    for name in EXPERIMENTS:
        of_one = [experiment(name).record_name(preset) for preset in recorded(name)]
        names.update(set(of_one))
        assert (len(set(of_one)) == len(of_one)) == (name not in ONE_NAME), name
    assert set(names.values()) == {1}
    files = {path.stem for path in RECORDS.glob("*.json")}
    assert set(RECORDED) == files & set(names), "a record lacks its previews"
    assert {path.stem for path in RECORDS.glob("*.npz")} == set(RECORDED), "previews that no preset writes"


@pytest.mark.parametrize("name", RECORDED)
def test_a_committed_record_is_not_stale(name):
    path = RECORDS / f"{name}.json"
    verify(path)
    assert path.with_suffix(".npz").stat().st_size <= LARGEST
    content = json.loads(path.read_text(encoding="utf-8"))
    assert experiment(content["experiment"]).record_name(content["preset"]) == name
