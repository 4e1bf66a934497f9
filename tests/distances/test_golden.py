"""Values and gradients of released codes, and of the worked examples of the blog post."""

import numpy as np
import pytest
import torch

from pcl_lib.distances import CHAMFER_CONVENTIONS, chamfer, f_score, hausdorff
from tests.distances.reference import golden, named

DISTANCES = golden("distances")
BLOG = golden("blog_examples")["examples"]
ROWS = {
    "chamfer": "landau chamfer",
    "chamfer_sqrt": "landau chamfer_sqrt",
    "chamfer_single_side": "landau single_side",
    "chamfer_single_side_sqrt": "landau single_side_sqrt",
}


def tensor(name):
    return torch.from_numpy(named(name))


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
@pytest.mark.parametrize(("row", "card"), ROWS.items())
def test_released_completion_losses(row, card, backend):
    expected = DISTANCES["rows"][row]
    x, y = tensor(DISTANCES["x"]).requires_grad_(), tensor(DISTANCES["y"])
    card = CHAMFER_CONVENTIONS[card]
    value = card.factor * chamfer(x, y, **card.options, backend=backend)
    value.backward()
    assert value.item() == pytest.approx(expected["value"], rel=1e-12)
    np.testing.assert_allclose(x.grad[0], expected["grad_x_row0"], rtol=1e-10)
    assert x.grad.norm().item() == pytest.approx(expected["grad_x_norm"], rel=1e-12)
    assert (x.grad != 0).any(1).all()


def test_released_dcd_chamfer_pair():
    x, y = tensor(DISTANCES["x"]), tensor(DISTANCES["y"])
    for name in ("cd_p", "cd_t"):
        card = CHAMFER_CONVENTIONS[f"dcd {name}"]
        assert card.factor * chamfer(x, y, **card.options).item() == pytest.approx(
            DISTANCES["dcd"][name], rel=1e-12
        )


def test_hausdorff_and_what_the_released_caloss_reports_instead():
    expected = DISTANCES["hausdorff"]
    x, y = tensor(expected["x"]), tensor(expected["y"])
    assert hausdorff(x, y).item() == pytest.approx(expected["classical"], rel=1e-12)
    one_way = (hausdorff(x, y, combine=way) for way in ("forward", "backward"))
    assert sum(d.item() ** 2 for d in one_way) / 2 == pytest.approx(
        expected["half_sum_of_squares"], rel=1e-12
    )
    assert chamfer(x, y, combine="max").item() == pytest.approx(expected["max_of_mean_squares"], rel=1e-12)


@pytest.mark.parametrize("row", DISTANCES["f_score"], ids=lambda row: row["x"])
def test_released_f_score(row):
    f = f_score(tensor(row["x"]), tensor(row["y"]), row["threshold"]).f
    assert f.item() == pytest.approx(row["f"], rel=1e-12)


@pytest.mark.parametrize(
    ("example", "form", "expected"),
    [
        pytest.param(example, form, expected, id=f"{example['name']}: {form}")
        for example in BLOG
        for form, expected in example["expected"].items()
    ],
)
def test_blog_examples(example, form, expected):
    options = {"reduction": "mean"} if form == "mean" else {"reduction": "sum"}
    if form == "forward sum":
        options["combine"] = "forward"
    x = torch.tensor(example["x"], dtype=torch.float64, requires_grad=True)
    y = torch.tensor(example["y"], dtype=torch.float64, requires_grad=True)
    value = chamfer(x, y, **options)
    value.backward()
    assert value.item() == pytest.approx(expected["value"], rel=1e-12)
    np.testing.assert_allclose(x.grad, expected["grad_x"], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(y.grad, expected["grad_y"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("options", "pull"),
    [
        ({"reduction": "sum", "combine": "forward"}, 3.6),
        ({"reduction": "sum"}, 5.2),
        ({"reduction": "mean"}, 3.4),
    ],
)
def test_the_clustering_gradient_depends_on_the_convention(options, pull):
    p = torch.tensor([[0.0, 0.0], [0.2, 0.0]], dtype=torch.float64)
    q = torch.tensor([[1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    chamfer(p, q, **options).backward()
    assert q.grad[0].tolist() == pytest.approx([pull, 0.0], rel=1e-12)
