"""Data, networks and the classification of codes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from torch import Tensor, nn

from pcl_lib.data import digits, stack, synthetic
from pcl_lib.distances import chamfer
from pcl_lib.experiments.learned_losses.build import adam, with_own_step
from pcl_lib.experiments.learned_losses.codes_settings import UNTRAINED, CodesSettings
from pcl_lib.experiments.learned_losses.settings import BASELINE
from pcl_lib.experiments.named_losses import Loss, table_loss
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Origin, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.experiments.schedules import warm_up_and_cosine
from pcl_lib.models import ae, folding_net
from pcl_lib.trainers import Method, Reconstruction

_TOGETHER = 256  # clouds that go through the network at once


class LabelledSet(NamedTuple):
    """`clouds` (S, N, D) with `labels` (S,), the `name` of the data set and the SHA-256 `checksum` of both."""

    clouds: Tensor
    labels: np.ndarray
    name: str
    checksum: str


@lru_cache(maxsize=2)
def labelled(settings: CodesSettings) -> LabelledSet:
    """The data of the settings, read or made once per process. Errors: `ValueError` for other data."""
    s = settings
    if s.data == "digits":
        found, name = digits.load(s.n_points, split="all")[: s.shapes], "scikit-learn digits"
    elif s.data == "families":
        found = synthetic.dataset(s.families, s.shapes // len(s.families), s.n_points, seed=0)
        name = f"synthetic families {', '.join(s.families)}"
    else:
        raise ValueError(f'data must be "digits" or "families", received {s.data!r}')
    clouds, labels = stack(found), np.array([cloud.category for cloud in found])
    digest = hashlib.sha256(clouds.numpy().tobytes() + ",".join(labels.tolist()).encode())
    return LabelledSet(clouds, labels, name, digest.hexdigest())


def origin(settings: CodesSettings) -> Origin:
    return Origin(labelled(settings).name, labelled(settings).checksum)


def training(settings: CodesSettings, device: torch.device) -> Tensor:
    return labelled(settings).clouds.to(device)


def build(settings: CodesSettings, network: str, loss: str, seed: int) -> tuple[nn.Module, Loss | nn.Module]:
    """A network and a loss with the weights of a seed; the network is the same under all losses."""
    s = settings
    make, widths = (ae, s.ae_widths) if network == "AE" else (folding_net, s.fold_widths)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = make(s.code_dim, s.n_points, points=s.points, widths=widths, dim=s.dim)
        return model, table_loss(BASELINE if loss == UNTRAINED else loss, dim=s.dim, anchors=s.anchors)


def method(settings: CodesSettings, run: Run, device: torch.device) -> Method:
    network, loss = run.configuration
    model, measure = build(settings, network, loss, run.seed)
    if isinstance(measure, nn.Module):
        measure.to(device)
    optimizer = adam(model.to(device), settings.rate(loss))
    task = Reconstruction(model, measure, optimizer, warm_up_and_cosine(optimizer, settings.steps))
    return with_own_step(task, loss, measure, steps=settings.steps)


def codes(settings: CodesSettings, network: nn.Module) -> Float[np.ndarray, "s k"]:
    """The codes of all shapes in evaluation."""
    found = evaluated(_Encoder(network), labelled(settings).clouds, together=_TOGETHER)
    return found.double().cpu().numpy()


class _Encoder(nn.Module):
    """The encoder of an auto-encoder, to be called."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, clouds: Tensor) -> Tensor:
        code: Tensor = self.network.encode(clouds)
        return code


def machine(strength: float) -> Any:
    """A linear support vector machine on standardised codes, one class against the rest.

    Its primal problem is solved, which converges for every C; the dual one does not for a large C.
    """
    return make_pipeline(StandardScaler(), LinearSVC(C=strength, dual=False))


def accuracies(
    settings: CodesSettings, code: Float[np.ndarray, "s k"], labels: np.ndarray
) -> tuple[float, float]:
    """The share of shapes in the right class, over all folds: with C chosen inside the training part of each, and
    with the C that is best on its test part, which is the size of that mistake. Of equal values the smallest counts."""
    right, best = 0, 0
    for train, test in _folds(settings, labels):
        inside = [np.mean(_right(settings, s, code[train], labels[train])) for s in settings.strengths]
        counts = [
            int((machine(s).fit(code[train], labels[train]).predict(code[test]) == labels[test]).sum())
            for s in settings.strengths
        ]
        right += counts[int(np.argmax(inside))]
        best += max(counts)
    return right / len(labels), best / len(labels)


def accuracy_at(settings: CodesSettings, strength: float, code: np.ndarray, labels: np.ndarray) -> float:
    """The share of shapes in the right class, over all folds, at one C."""
    return float(np.mean(_right(settings, strength, code, labels)))


def look(settings: CodesSettings, modules: Mapping[str, nn.Module]) -> Arrays:
    network, data = modules["model"], labelled(settings)
    value = accuracy_at(settings, settings.curve_strength, codes(settings, network), data.labels)
    return {"value": np.array(value), "made": preview(_reconstructed(settings, network, 1)[0])}


def measure(settings: CodesSettings, modules: Mapping[str, nn.Module]) -> Measured:
    network, data = modules["model"], labelled(settings)
    chosen, best = accuracies(settings, codes(settings, network), data.labels)
    made = _reconstructed(settings, network, len(data.clouds))
    apart = chamfer(made, data.clouds.to(made.device), squared=False, combine="mean").double().mean()
    found = {"accuracy": chosen, "accuracy at the best C": best, "CD lengths": float(apart)}
    return Measured(found, {"shown": preview(made[:1])})


def previews(settings: CodesSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """ "truth" (1, N, D), "<network>/<loss>" (1, N, D); "box" (), the accuracy by the side lengths of the box alone."""
    data = labelled(settings)
    low, high = data.clouds.amin(1), data.clouds.amax(1)
    box, _ = accuracies(settings, (high - low).double().numpy(), data.labels)
    found = {"truth": preview(data.clouds[:1]), "box": np.array(box)}
    first = settings.seeds[0]
    return found | {"/".join(of): arrays[Run(of, first)]["shown"] for of in settings.configurations}


def _reconstructed(settings: CodesSettings, network: nn.Module, count: int) -> Tensor:
    return evaluated(network, labelled(settings).clouds[:count], together=_TOGETHER)


def _folds(settings: CodesSettings, labels: np.ndarray) -> Any:
    return StratifiedKFold(settings.folds, shuffle=True, random_state=0).split(labels, labels)


def _right(settings: CodesSettings, strength: float, code: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether each shape is in the right class when its fold is left out of the training."""
    found = np.zeros(len(labels), bool)
    for train, test in _folds(settings, labels):
        fitted = machine(strength).fit(code[train], labels[train])
        found[test] = fitted.predict(code[test]) == labels[test]
    return found
