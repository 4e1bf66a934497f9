"""What QAAD refuses: options, parts and data that do not fit each other, each with the way out."""

from functools import partial
from unittest.mock import Mock

import pytest
import torch

from pcl_lib.trainers import QAAD, Assignments, Engine
from tests.trainers.bent_sheets import CLOUDS, ORDER, POINTS, SHAPES, STEPS, method, parts, train


def test_what_sparse_gradients_do_not_allow():
    with pytest.raises(
        ValueError, match=r"clip must be None with a table of codes, received 1\.0: its gradient is sp"
    ):
        train(method(), clip=1.0)
    one = method()
    engine = Mock(spec=Engine, clip=None, processes=2)
    with pytest.raises(ValueError, match="QAAD runs in one process, received 2: sparse gradients"):
        one.step(CLOUDS[:3], torch.arange(3), engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 18}, "points must be a multiple of the 4 patches of the model, received 18"),
        ({"points": 128}, "points must be an integer from 1 to the points of a cloud"),
        ({"pretraining": 1.5}, "pretraining must be a share of the steps, from 0 to 1, received 1.5"),
        ({"start": "true"}, "start must be one of 'greedy', 'random', 'given'"),
        (
            {"start": "given"},
            'must say of which clouds they are where start="given", received a table without',
        ),
        ({"leaf_size": 0}, "leaf_size must be an integer of at least 1"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=message):
        method(**options)


def test_parts_that_do_not_fit():
    model, encoder = parts()
    of = partial(QAAD, steps=STEPS, points=16)
    table, nan = Assignments(SHAPES, POINTS), CLOUDS.clone()
    nan[3, 7, 1] = torch.nan
    with pytest.raises(ValueError, match=r"clouds must be finite, received nan at clouds\[3, 7, 1\]"):
        of(model, encoder, nan, table)
    with pytest.raises(ValueError, match=r"must have as many points as the clouds, 32, received 64"):
        of(model, encoder, CLOUDS[:, :32], table)
    with pytest.raises(ValueError, match=r"a code for each of the 12 clouds, received 6 codes"):
        of(model, encoder, CLOUDS.repeat(2, 1, 1), table)
    with pytest.raises(
        ValueError, match=r"assignments must be of 6 clouds of 64 points, received 6 x 32; make them"
    ):
        of(model, encoder, CLOUDS, Assignments(6, 32))
    with pytest.raises(ValueError, match=r"must be of 6 clouds of 64 points, received None"):
        of(model, encoder, CLOUDS)
    with pytest.raises(ValueError, match=r"encoder must make the codes while pretraining > 0, received None"):
        of(model, None, CLOUDS, table)


def test_an_assignment_of_other_data(tmp_path):
    other = Assignments.of(CLOUDS.flip(1), ORDER)
    with pytest.raises(ValueError, match=r"assignments must belong to the clouds that they are used with"):
        method(assignments=other, start="given")
    with pytest.raises(
        ValueError, match=r"the data of fit must be the clouds of the method, received others"
    ):
        train(method(), CLOUDS.flip(1))
    train(method(), steps=6, folder=tmp_path)
    one = method()
    one.checksum += (
        1  # as if a checkpoint of others had got past the fingerprint of `fit`, which reads 32 clouds
    )
    with pytest.raises(ValueError, match=r"received those of other clouds"):
        train(one, folder=tmp_path)
