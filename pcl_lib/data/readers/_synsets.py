"""The WordNet numbers that ShapeNet uses as folder names (chang2015shapenet)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SYNSETS = {
    "02691156": "airplane", "02747177": "trash_bin", "02773838": "bag", "02801938": "basket",
    "02808440": "bathtub", "02818832": "bed", "02828884": "bench", "02843684": "birdhouse",
    "02871439": "bookshelf", "02876657": "bottle", "02880940": "bowl", "02924116": "bus",
    "02933112": "cabinet", "02942699": "camera", "02946921": "can", "02954340": "cap",
    "02958343": "car", "02992529": "cellphone", "03001627": "chair", "03046257": "clock",
    "03085013": "keyboard", "03207941": "dishwasher", "03211117": "monitor", "03261776": "earphone",
    "03325088": "faucet", "03337140": "file", "03467517": "guitar", "03513137": "helmet",
    "03593526": "jar", "03624134": "knife", "03636649": "lamp", "03642806": "laptop",
    "03691459": "speaker", "03710193": "mailbox", "03759954": "microphone", "03761084": "microwave",
    "03790512": "motorcycle", "03797390": "mug", "03928116": "piano", "03938244": "pillow",
    "03948459": "pistol", "03991062": "pot", "04004475": "printer", "04074963": "remote_control",
    "04090263": "rifle", "04099429": "rocket", "04225987": "skateboard", "04256520": "sofa",
    "04330267": "stove", "04379243": "table", "04401088": "telephone", "04460130": "tower",
    "04468005": "train", "04530566": "vessel", "04554684": "washer",
}  # fmt: skip


def category_of(synset: str) -> str:
    """The name of a synset; an unknown one is its own name.

    >>> category_of("03001627"), category_of("00000000")
    ('chair', '00000000')
    """
    return SYNSETS.get(synset, synset)


def choose_synsets(wanted: str | Sequence[str] | None, present: Iterable[str]) -> list[str]:
    """The synsets among ``present`` asked for by name or number, sorted; ``None`` and "all": every one.

    >>> choose_synsets(["chair", "02691156"], ["02691156", "03001627", "04379243"])
    ['02691156', '03001627']
    """
    present = sorted(set(present))
    if wanted is None or wanted == "all":
        return present
    asked = {wanted} if isinstance(wanted, str) else set(wanted)
    chosen = [s for s in present if s in asked or category_of(s) in asked]
    unknown = sorted(asked - set(chosen) - {category_of(s) for s in chosen})
    if unknown:
        names = ", ".join(f"{category_of(s)} ({s})" for s in present)
        raise ValueError(
            f"categories must be some of {names} or 'all', received {', '.join(map(repr, unknown))}"
        )
    return chosen
