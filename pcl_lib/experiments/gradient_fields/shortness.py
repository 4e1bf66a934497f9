"""Trainings shorter than the paper's, and records that are not there: what they leave open."""

from __future__ import annotations

from collections.abc import Mapping

from pcl_lib.experiments.claims import NO_RECORD, NOT, UNKNOWN, UNTESTED, Claim
from pcl_lib.experiments.gradient_fields import compare
from pcl_lib.experiments.gradient_fields.settings import OURS, cell
from pcl_lib.experiments.record import Record

PAPER_EPOCHS = 2000


def passes(record: Record) -> float:
    """How often our network saw each training shape, the mean of its runs: by the clock, counted and not planned.

    Table 2 has a network for each cell, all with as many steps: that of all points.
    """
    settings = record.settings
    row = OURS if (OURS,) in record.result.configurations else cell(*compare.DENSE)
    return compare.updates(record.result, row) * settings["shapes_per_update"] / settings["train_shapes"]


def lasting(verdict: str, sets: Mapping[str, Record]) -> str:
    """A verdict on where training ends: one that is shorter than the paper's may confirm a claim, and refute none."""
    short = min(passes(record) for record in sets.values()) < PAPER_EPOCHS
    return UNKNOWN if verdict == NOT and short else verdict


def missing(words: str, where: str, name: str, chapter: str) -> Claim:
    """A claim whose record is not there, with the command that makes it."""
    return Claim(words, where, NO_RECORD.format(name), UNTESTED, chapter)
