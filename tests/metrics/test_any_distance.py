"""Every public distance as the distance of `pairwise`, and as the loss of `Reconstruction`."""

from functools import partial

import pytest
import torch

from pcl_lib import distances
from pcl_lib.distances import emd, f_score
from pcl_lib.distances._value import value_of
from pcl_lib.metrics import generation_scores, pairwise
from pcl_lib.trainers import Reconstruction, fit
from tests.distances.test_every import ASSIGNMENTS, FIELDS
from tests.metrics.reference import random_clouds

OPTIONS = {
    "f_score": {"threshold": 0.5},
    "em_kd": {"leaf_size": 8},
    "sinkhorn": {"blur": 0.5},
    # By default these have no gradient to speak of for clouds that are far apart.
    "dcd": {"alpha": 1.0},
    "truncated_cd": {"threshold": 5.0},
}
EVERY = {
    name: partial(getattr(distances, name), **OPTIONS.get(name, {}))
    for name in distances.__all__
    if name[0].islower() and name not in (*FIELDS, *ASSIGNMENTS)
}
X, Y = random_clouds(2, 16, 3), random_clouds(3, 16, 3, seed=1)


@pytest.mark.parametrize("name", EVERY)
def test_pairwise(name):
    found = pairwise(X, Y, distance=EVERY[name], workers=1)
    expected = [[value_of(EVERY[name](x, y), name).item() for y in Y] for x in X]
    # The auction and Sinkhorn may take other steps in a batch.
    torch.testing.assert_close(found, torch.tensor(expected, dtype=X.dtype), rtol=1e-3, atol=1e-6)


def test_generation_scores():
    assert generation_scores(X, Y, distance=emd).mmd > 0


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"f_score"}))
def test_one_training_step(name):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 3)
    before = model.weight.detach().clone()
    method = Reconstruction(model, EVERY[name], torch.optim.SGD(model.parameters(), lr=0.1))
    history = fit(method, X.float(), batch_size=2, steps=1, progress=False)
    torch.manual_seed(0)
    with torch.no_grad():
        expected = value_of(EVERY[name](torch.nn.Linear(3, 3)(X.float()), X.float()), name).mean().item()
    assert history.column("loss")[0] == pytest.approx(expected, rel=1e-2)
    assert not torch.equal(model.weight, before)


def test_what_cannot_be_trained_says_so():
    model = torch.nn.Linear(3, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for loss, message in (
        (partial(f_score, threshold=0.5), "loss must have a gradient, received one without"),
        (lambda x, y: (x - y).square().mean().item(), r"loss must return a tensor .* received float"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(Reconstruction(model, loss, optimizer), X.float(), batch_size=2, steps=1, progress=False)
    with pytest.raises(ValueError, match=r"distance must return a tensor of values, .* received tuple"):
        pairwise(X, Y, distance=lambda x, y: (x, y))


def test_the_value_of_the_f_score_is_f():
    found = f_score(X, X, 0.1)
    assert torch.equal(found.value, found.f)
