"""Data at the door: what has no rows is refused with a way out, and other data do not continue a run."""

import hashlib

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from pcl_lib.trainers import fit
from pcl_lib.trainers._data import fingerprint
from tests.trainers.toys import clouds, reconstruction

pytestmark = pytest.mark.usefixtures("as_users_call_it")


def train(data, method=None, **options):
    return fit(method or reconstruction(), data, **{"batch_size": 4, "steps": 1, "progress": False} | options)


X = clouds()
NO_ROWS = {
    "array": (X.numpy(), r"received ndarray; convert it with torch\.as_tensor\(data, dtype=torch\.float32\)"),
    "list of numbers": (X.tolist(), r"received list; convert it with torch\.as_tensor\(data\)"),
    "list of clouds": (list(X), r"received list; stack its clouds with torch\.stack\(data\)"),
    "tuple of clouds": (tuple(X), r"received tuple; stack its clouds with torch\.stack\(data\)"),
    "loader": (DataLoader(TensorDataset(X), 4), r"received DataLoader; fit makes .* loader\.dataset"),
    "dict": ({"points": X}, r"received dict; give its tensors as TensorDataset"),
    "generator": ((cloud for cloud in X), r"received generator; load the items"),
    "none": (None, r"received NoneType; load the items"),
    "a number": (torch.tensor(1.0), r"received a tensor of shape \(\)"),
    "no item": (X[:0], "at least one item, received none"),
}


@pytest.mark.parametrize("name", NO_ROWS)
def test_what_has_no_rows_is_refused(name):
    data, message = NO_ROWS[name]
    with pytest.raises(ValueError, match=message):
        train(data)


def test_data_of_single_items_say_what_is_missing():
    class Items:
        def __len__(self):
            return 24

        def __getitem__(self, index):
            return X.numpy()[int(index)]

    with pytest.raises(ValueError, match="only one element") as caught:
        train(Items())
    assert "takes data[rows] with an int64 tensor of 4 rows" in " ".join(caught.value.__notes__)


def test_a_data_set_of_one_tensor_is_told_from_the_tensor():
    method = reconstruction()
    with pytest.raises(TypeError) as caught:
        train(TensorDataset(X), method)
    assert "given as the tensor" in " ".join(caught.value.__notes__)


@pytest.mark.parametrize("method", [nn.Linear(3, 3), None, "adam"])
def test_a_network_is_no_method(method):
    with pytest.raises(ValueError, match=r"method must have modules.*received (Linear|NoneType|str)"):
        fit(method, X, batch_size=4, steps=1, progress=False)


def test_a_name_is_no_fabric():
    with pytest.raises(ValueError, match=r"fabric must be a lightning_fabric\.Fabric, received 'cpu'"):
        train(X, fabric="cpu")


def test_integers_and_numbers_of_numpy_are_taken(tmp_path):
    options = {"batch_size": 4, "steps": 3, "seed": 2, "log_every": 1, "checkpoint_every": 2}
    plain = train(X, clip=0.5, ema=0.5, **options)
    numpy = {name: np.int64(value) for name, value in options.items()}
    given = train(X, clip=np.float64(0.5), ema=np.float32(0.5), folder=tmp_path, **numpy)
    assert given.column("loss") == plain.column("loss")
    again = train(X, clip=0.5, ema=0.5, folder=tmp_path, **options | {"steps": 4})
    assert again.column("loss")[:3] == plain.column("loss")


@pytest.mark.parametrize("name", ["batch_size", "steps", "seed", "log_every", "checkpoint_every"])
@pytest.mark.parametrize("value", [True, 2.0, "2", np.float32(2)])
def test_what_is_no_integer_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be an integer, received"):
        train(X, **{name: value})


@pytest.mark.parametrize("name", ["clip", "ema"])
@pytest.mark.parametrize("value", [True, "0.5", float("nan"), [0.5]])
def test_what_is_no_number_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a .* received"):
        train(X, **{name: value})


class Pairs:
    """Data of one's own kind."""

    def __init__(self, x):
        self.x = x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, rows):
        return {"points": self.x[rows], "row": rows}


KINDS = {
    "tensor": lambda x: x,
    "data set": lambda x: TensorDataset(x, torch.arange(len(x))),
    "own": Pairs,
}
OTHERS = {
    "values": X + 1e-6,
    "order": X.flip(0),
    "sizes": X[:, :-1],
    "number type": X.double(),
    "one value": X.clone().index_put_(
        (torch.tensor(23), torch.tensor(0), torch.tensor(0)), torch.tensor(9.0)
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", OTHERS)
def test_other_data_of_the_same_length_are_told_apart(kind, other):
    assert fingerprint(KINDS[kind](X)) == fingerprint(KINDS[kind](X.clone()))
    assert fingerprint(KINDS[kind](X)) != fingerprint(KINDS[kind](OTHERS[other]))


@pytest.mark.parametrize(
    "x", [X.bfloat16(), X > 0.5, torch.arange(100), X.mT, X.requires_grad_(False)], ids=lambda x: str(x.dtype)
)
def test_any_number_type_has_a_fingerprint(x):
    assert "checksum" in fingerprint(x)


def test_fingerprints_of_earlier_versions_are_known_again():
    """Of 32 rows: were it of others, a run whose folder holds a checkpoint would not know its own data."""
    x = torch.arange(3000).reshape(1000, 3)
    rows = torch.tensor([1000 * k // 32 for k in range(32)])
    digest = hashlib.sha256(x[rows].numpy().tobytes()).hexdigest()[:12]
    assert fingerprint(x) == f"int64 (3), checksum {digest}"


def test_data_drawn_anew_are_known_by_their_shapes():
    class Drawn(Pairs):
        def __getitem__(self, rows):
            return self.x[rows] + torch.rand(())

    assert fingerprint(Drawn(X)) == "float32 (12, 3)"


def test_a_run_does_not_go_on_with_other_data(tmp_path):
    train(X, folder=tmp_path)
    message = r"run with data=float32 \(12, 3\), checksum \w+ \(now float32 \(12, 3\), checksum \w+\); resume"
    with pytest.raises(ValueError, match=message):
        train(X.flip(1), folder=tmp_path, steps=2)
    train(X.clone(), folder=tmp_path, steps=2)
