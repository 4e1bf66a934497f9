"""What a record says of the claims of ShapeGF on generated shapes, each by a rule of `claims`."""

from __future__ import annotations

from collections.abc import Callable

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNKNOWN, UNTESTED, Claim, alike, tallied
from pcl_lib.experiments.generation import compare
from pcl_lib.experiments.generation.published import MEASURES, TABLE_3, TABLE_9, exceptions
from pcl_lib.experiments.generation.settings import MATCHED, OURS, RGAN, TRAIN, TWINS, VAE
from pcl_lib.experiments.record import Record
from pcl_lib.experiments.runner.paired_difference import Difference

MARGIN = 3.8
"""Points of 1-NNA that are no difference: two standard errors of a share of about a half of 350 and 350 shapes."""
PAPER_EPOCHS = 2000
"""Of the paper's auto-encoders. A record with fewer may confirm what is claimed of a model, and refutes nothing."""
NO_MODEL = (
    "no model is recorded yet: the experiment is there, `python -m pcl_lib.experiments run field-generation`"
)
_PRINTED = TABLE_3["Airplane"]
_BEATEN = ("MMD-CD", "COV-CD")
_IN_PRINT = ", ".join(f"{m} {_PRINTED[OURS][m]:g} against {_PRINTED[TRAIN][m]:g}" for m in _BEATEN)
((_CATEGORY, _EXCEPTION),) = exceptions(TABLE_9, OURS, VAE)
# The words of a claim and where they stand in the paper.
BETTER_THAN_RGAN = ("better than r-GAN on all metrics", "Table 3")
BETTER_THAN_REAL = (f"beats real shapes of the training set on airplanes: {_IN_PRINT}", "Table 3")
BETTER_THAN_VAE = (
    f'the latent GAN beats the VAE "on all metrics, except" {_EXCEPTION} on {_CATEGORY.lower()}s',
    "Appendix E, Table 9",
)


def claims(record: Record, page: str) -> list[Claim]:
    """The claims that the record judges; `page` is the address of the chapter and its section.

    A claim on a model that the record has not is not tested.
    """
    recorded = {model for (model,) in record.result.configurations}

    def of_models(judge: Callable[[Record, str], Claim], words: str, where: str) -> Claim:
        return judge(record, page) if OURS in recorded else Claim(words, where, NO_MODEL, UNTESTED, page)

    return [
        of_models(against_rgan, *BETTER_THAN_RGAN),
        of_models(against_train, *BETTER_THAN_REAL),
        coverage_alone(record, page),
        near_duplicates(record, page),
        of_models(against_vae, *BETTER_THAN_VAE),
        *(
            Claim(words, where, "PointFlow is not part of this book", UNTESTED, page)
            for words, where in (
                ('generation: "comparable performance to PointFlow"', "Section 4.2, Table 3"),
                ('cars: "un-par with the state-of-the-arts"', "Appendix D.1, Table 6"),
            )
        ),
    ]


def against_rgan(record: Record, page: str) -> Claim:
    """Table 3's largest margin."""
    found = compare.worse(record.result, "MMD-EMD", OURS, RGAN)
    return Claim(
        *BETTER_THAN_RGAN,
        f"{_counted(record, OURS, RGAN)}; MMD-EMD × 100 {_shown(found)}{_length(record)}",
        lasting(tallied(compare.signs(record.result, OURS, RGAN)), record),
        page,
    )


def against_train(record: Record, page: str) -> Claim:
    """E8, first half: whether the model beats other real shapes where the paper's does."""
    found = {m: compare.difference(record.result, m, OURS, TRAIN) for m in _BEATEN}
    return Claim(
        *BETTER_THAN_REAL,
        "; ".join(f"{m} {_shown(d)}" for m, d in found.items()) + _length(record),
        lasting(tallied(compare.signs(record.result, OURS, TRAIN, _BEATEN)), record),
        page,
    )


def coverage_alone(record: Record, page: str) -> Claim:
    """E8, second half: what such a victory is worth."""
    higher = compare.difference(record.result, "COV-CD", MATCHED, TRAIN)
    told = compare.worse(record.result, "1-NNA-CD", MATCHED, TRAIN)
    return Claim(
        "a higher COV than that of real shapes speaks for a model",
        "Table 3",
        f"training shapes matched to the references: COV-CD {_shown(higher)} points, 1-NNA-CD {_shown(told)} points "
        "farther from 50 %",
        NOT if higher.sign > 0 and told.sign > 0 else UNKNOWN,
        page,
    )


def near_duplicates(record: Record, page: str) -> Claim:
    """E9: whether near-duplicates within a set do that to 1-NNA, and whether it goes when they go."""
    result, printed = record.result, _PRINTED[TRAIN]["1-NNA-CD"]
    risen = compare.difference(result, "1-NNA-CD", TWINS, TRAIN)
    left = compare.difference(result, "1-NNA-CD", TWINS, TRAIN, thinned=(True, False))
    level = float(compare.values(result, "1-NNA-CD", TWINS).mean())
    return Claim(
        f"the training set's own 1-NNA is {printed:g} % on airplanes, not 50 %: near-duplicates within a set",
        "Table 3",
        f"with twins in both sets {level:.1f} %, {_shown(risen)} points; without the near-duplicates "
        f"{_shown(left)} points",
        both(tallied([risen.sign], wanted=1), alike([left], MARGIN)),
        page,
    )


def against_vae(record: Record, page: str) -> Claim:
    """E18: on all metrics except one."""
    return Claim(
        *BETTER_THAN_VAE,
        _counted(record, OURS, VAE) + _length(record),
        lasting(tallied(compare.signs(record.result, OURS, VAE), needed=len(MEASURES) - 1), record),
        page,
    )


def both(one: str, other: str) -> str:
    """The verdict on two things that have to hold together.

    >>> both(HOLDS, HOLDS), both(HOLDS, NOT), both(HOLDS, UNKNOWN), both(HOLDS, PART)
    ('holds', 'does not hold', 'cannot tell', 'holds in part')
    """
    return next((verdict for verdict in (NOT, UNKNOWN, PART) if verdict in (one, other)), HOLDS)


def lasting(verdict: str, record: Record) -> str:
    """A verdict on models: one of a training shorter than the paper's may confirm a claim, and refute none."""
    return UNKNOWN if verdict == NOT and record.epochs < PAPER_EPOCHS else verdict


def _length(record: Record) -> str:
    return f"; {record.epochs:.0f} passes over the shapes of the paper's {PAPER_EPOCHS:,}"


def _counted(record: Record, model: str, than: str) -> str:
    found = compare.signs(record.result, model, than)
    return (
        f"surely better on {found.count(-1)} of {len(found)} metrics, surely worse on {found.count(1)}, over "
        f"{len(record.seeds)} seeds"
    )


def _shown(found: Difference) -> str:
    return f"{found.mean:+z.2f} ({found.low:+z.2f} to {found.high:+z.2f})"
