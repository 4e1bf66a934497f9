"""Decoders: codes to as many points as asked for."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.models import (
    AtlasDecoder,
    AtlasV2Decoder,
    FoldingDecoder,
    LocalCode,
    PatchMLP,
    sphere_grid,
    square_grid,
)
from pcl_lib.models._patches import gather_patches, share
from tests.models.networks import ANY_NUMBER, CENTRES, CODE, DECODERS, LOCAL_DECODERS, code_for, codes

ALL = DECODERS | LOCAL_DECODERS
RANDOM = ("squares", "sphere", "v2 deformation", "v2 linear")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("n", [1, 7, 60, 63])
def test_built_for_any_number_of_points(name, n):
    decoder = ALL[name](n).eval()
    assert decoder(code_for(name, 3)).shape == (3, n, 3)


@pytest.mark.parametrize("name", ANY_NUMBER)
@pytest.mark.parametrize("n", [1, 7, 64, 100, 1001])
def test_asked_for_any_number_of_points(name, n):
    decoder = ALL[name]()
    for mode in (True, False):
        points = decoder.train(mode)(code_for(name, 3), n)
        assert points.shape == (3, n, 3)
        assert torch.isfinite(points).all()


@pytest.mark.parametrize("name", sorted(ALL.keys() - set(ANY_NUMBER)))
def test_a_fixed_number_says_so(name):
    decoder = ALL[name]().eval()
    assert decoder(code_for(name, 2), 60).shape == (2, 60, 3)
    with pytest.raises(
        ValueError, match=r"n_points must be 60 or None, received 61: the weights .* fix the number"
    ):
        decoder(code_for(name, 2), 61)


@pytest.mark.parametrize("name", ALL)
def test_eval_is_deterministic_and_knows_no_batch(name):
    torch.manual_seed(0)
    decoder = ALL[name]().eval()
    code = code_for(name, 4)
    points = decoder(code)
    assert torch.equal(decoder(code), points)
    for i in range(4):
        one = LocalCode(*(t[i : i + 1] for t in code)) if isinstance(code, LocalCode) else code[i : i + 1]
        torch.testing.assert_close(decoder(one)[0], points[i])
    assert (points[0] - points[1]).abs().max() > 1e-4, "the code matters"


@pytest.mark.parametrize("name", RANDOM)
def test_training_draws_from_the_generator(name):
    torch.manual_seed(0)
    decoder = DECODERS[name]().train()
    seeded = [decoder(codes(3), generator=torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(seeded[0], seeded[1])
    assert not torch.equal(seeded[0], seeded[2])
    torch.manual_seed(5)
    first = decoder(codes(3))
    torch.manual_seed(5)
    assert torch.equal(decoder(codes(3)), first)
    twice = torch.cat((codes(1), codes(1)))
    drawn = decoder(twice)
    assert not torch.equal(drawn[0], drawn[1]), "each cloud has points of its own"


@pytest.mark.parametrize("name", RANDOM)
def test_eval_ignores_the_generator(name):
    decoder = DECODERS[name]().eval()
    a, b = (decoder(codes(2), generator=torch.Generator().manual_seed(s)) for s in (1, 2))
    assert torch.equal(a, b)


@pytest.mark.parametrize("name", ["squares", "sphere", "v2 deformation", "v2 points"])
def test_atlas_stays_within_the_unit_box(name):
    points = DECODERS[name]()(100 * codes(3))
    assert points.abs().max() <= 1


def test_the_joined_layer_is_the_layer_on_the_joined_array():
    torch.manual_seed(0)
    mlp = PatchMLP(3, 2 + CODE, (16, 4)).double()
    code, points = torch.randn(3, CODE, 5).double(), torch.randn(3, 2, 5, 7).double()
    found = mlp(code, points)
    for p in range(3):
        for b in range(5):
            x = torch.cat((points[p, :, b], code[p, :, b, None].expand(-1, 7)))
            for i, layer in enumerate(mlp.linear):
                x = layer.weight[p] @ (x.relu() if i else x) + layer.bias[p]
            torch.testing.assert_close(found[p, :, b], x)


def test_layers_without_bias_are_those_with_a_bias_of_zero():
    torch.manual_seed(0)
    with_bias, without = (PatchMLP(3, 2 + CODE, (16, 4), bias=bias) for bias in (True, False))
    assert [name for name, _ in without.named_parameters()] == ["linear.0.weight", "linear.1.weight"]
    with torch.no_grad():
        for layer, plain in zip(with_bias.linear, without.linear, strict=True):
            layer.bias.zero_()
            plain.weight.copy_(layer.weight)
    code, points = torch.randn(3, CODE, 5), torch.randn(3, 2, 5, 7)
    torch.testing.assert_close(without(code, points), with_bias(code, points))


def test_lecun_normal_weights_have_the_variance_of_one_in_their_inputs():
    torch.manual_seed(0)
    (layer,) = PatchMLP(20, 50, (40,), initialiser="lecun normal").linear
    weight = layer.weight.detach()
    assert float(weight.var()) == pytest.approx(1 / 50, rel=0.03)
    assert float(weight.abs().max()) > 3 / 50**0.5, "normal, not uniform"
    assert (layer.bias == 0).all()


def test_each_patch_has_a_norm_of_its_own():
    torch.manual_seed(0)
    mlp = PatchMLP(3, 4, (6, 5), norm=True).train()
    x = torch.randn(3, 4, 20)
    for p in range(3):
        h = torch.nn.functional.linear(x[p].T, mlp.linear[0].weight[p], mlp.linear[0].bias[p, :, 0])
        h = torch.nn.BatchNorm1d(6)(h).relu()
        expected = torch.nn.functional.linear(h, mlp.linear[1].weight[p], mlp.linear[1].bias[p, :, 0])
        torch.testing.assert_close(mlp(x)[p].T, expected)


@given(st.integers(1, 300), st.integers(1, 40))
def test_the_shares_of_the_patches(n, patches):
    made = torch.arange(patches).reshape(-1, 1, 1, 1).expand(-1, 3, 2, share(n, patches))
    cloud = gather_patches(made, n)
    assert cloud.shape == (2, n, 3)
    assert torch.equal(cloud[0, :, 0], torch.arange(n) % patches)
    counts = torch.bincount(cloud[0, :, 0], minlength=patches)
    assert counts.max() - counts.min() <= 1


def test_points_are_dealt_to_the_patches():
    made = torch.arange(3 * 4.0).reshape(3, 1, 1, 4).expand(3, 3, 1, 4)
    # Patch 0 made 0 1 2 3, patch 1 made 4 5 6 7, patch 2 made 8 9 10 11.
    assert gather_patches(made, 10)[0, :, 0].tolist() == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3]


def test_squares_of_one_patch_do_not_hang_on_another():
    torch.manual_seed(0)
    decoder = AtlasDecoder(CODE, 23, patches=5, widths=(16, 8)).eval()
    before = decoder(codes(1))
    with torch.no_grad():
        decoder.map.linear[-1].bias[3] += 0.5
    moved = (decoder(codes(1)) != before).any(-1)[0]
    assert torch.equal(moved, torch.arange(23) % 5 == 3)


def test_local_decoders_stay_with_their_centre():
    for name, build in LOCAL_DECODERS.items():
        decoder, code = build(22).eval(), code_for(name, 2)
        shift = torch.zeros(2, CENTRES, 3)
        shift[:, 1] = 10.0
        moved = decoder(LocalCode(code.centres + shift, code.features)) - decoder(code)
        expected = 10.0 * (torch.arange(22) % CENTRES == 1)
        torch.testing.assert_close(moved, expected[None, :, None].expand(2, 22, 3))


def test_folding_by_hand():
    torch.manual_seed(0)
    decoder = FoldingDecoder(CODE, 9, widths=(16,), extent=0.3).double()
    code = codes(1, dtype=torch.float64)
    line = torch.tensor([-0.3, 0.0, 0.3], dtype=torch.float64)
    points = torch.stack([torch.stack((u, v)) for v in line for u in line])
    for fold in (decoder.fold.first, decoder.fold.second):
        hidden, out = fold.linear
        x = torch.cat((points, code.expand(9, -1)), 1)
        x = (x @ hidden.weight[0].T + hidden.bias[0, :, 0]).relu()
        points = x @ out.weight[0].T + out.bias[0, :, 0]
    torch.testing.assert_close(decoder(code)[0], points)


def test_without_relu_the_second_fold_is_linear():
    torch.manual_seed(0)
    decoder = FoldingDecoder(CODE, 16, widths=(16, 16), second_relu=False).double()
    y = torch.randn(1, 3, 1, 30, dtype=torch.float64)
    code = codes(1, dtype=torch.float64).mT[None]
    f = decoder.fold.second
    middle = f(code, 0.5 * (y + y.flip(-1)))
    torch.testing.assert_close(middle, 0.5 * (f(code, y) + f(code, y.flip(-1))))


def test_elementary_structures_are_shared_by_all_shapes():
    torch.manual_seed(0)
    decoder = DECODERS["v2 deformation"]().eval()
    assert torch.equal(decoder.structures(codes(2), 9), decoder.structures(codes(2, seed=1), 9))
    assert decoder.structures(codes(2), 9).shape == (5, 3, 1, 9)
    points = AtlasV2Decoder(CODE, 23, patches=5, variant="points", patch_dim=4, widths=(8,)).structures(
        codes(2), 5
    )
    assert points.shape == (5, 4, 1, 5)
    assert ((points[:, :2] >= 0) & (points[:, :2] <= 1)).all()
    assert (points[:, 2:] == 0).all()


@pytest.mark.parametrize("adjustment", ["mlp", "linear"])
def test_atlas_without_tanh_leaves_the_unit_box_and_is_what_tanh_would_be_of(adjustment):
    made = {}
    for tanh in (True, False):
        torch.manual_seed(0)
        decoder = AtlasV2Decoder(
            CODE, 20, patches=5, variant="points", adjustment=adjustment, widths=(8,), tanh=tanh
        )
        with torch.no_grad():
            decoder.points[:] = 0
            made[tanh] = decoder.eval()(20 * codes(2))
    assert made[False].abs().max() > 1
    # At the origin of its structure a linear adjustment is its shift alone.
    torch.testing.assert_close(made[True], made[False].tanh())
    plain = AtlasV2Decoder(CODE, 20, patches=5, widths=(8,), deform=(8,), tanh=False).eval()
    with torch.no_grad():
        plain.deform.linear[-1].weight *= 50
    assert plain.structures(codes(1), 4).abs().max() > 1, "nor does its deformation end in one"


def test_atlas_without_batch_norm_knows_no_batch():
    torch.manual_seed(0)
    decoder = AtlasV2Decoder(CODE, 20, patches=5, widths=(16, 8), deform=(8,), norm=False).train()
    assert not [m for m in decoder.modules() if isinstance(m, torch.nn.BatchNorm1d)]
    twice = decoder(codes(3), generator=torch.Generator().manual_seed(0))
    assert twice.shape == (3, 20, 3)
    assert decoder(codes(1), 5).shape == (1, 5, 3), "in training with one point in a patch"


def test_the_linear_adjustment_is_affine_in_the_structure():
    torch.manual_seed(0)
    decoder = DECODERS["v2 points linear"]().eval()
    before = decoder(codes(2))
    with torch.no_grad():
        decoder.points += 1
    step = decoder(codes(2)) - before
    for p in range(5):
        torch.testing.assert_close(step[:, p::5], step[:, p : p + 1].expand(-1, 12, -1), rtol=1e-4, atol=1e-5)


@given(st.integers(1, 3000))
def test_square_grid(n):
    grid = square_grid(n)
    assert grid.shape == (n, 2)
    assert ((grid >= 0) & (grid <= 1)).all()
    assert len(grid.unique(dim=0)) == n
    rows = grid[:, 1].unique(return_counts=True)[1]
    assert len(rows) == max(1, round(n**0.5))
    assert rows.max() - rows.min() <= 1


def test_a_square_number_gives_the_square_grid():
    line = torch.linspace(0, 1, 4, dtype=torch.float64)
    expected = torch.stack([torch.stack((u, v)) for v in line for u in line])
    torch.testing.assert_close(square_grid(16), expected)


@pytest.mark.parametrize("n", [1, 2, 10, 2500])
def test_sphere_grid(n):
    grid = sphere_grid(n)
    torch.testing.assert_close(grid.norm(dim=-1), torch.ones(n, dtype=torch.float64))
    if n == 2500:
        gaps = torch.cdist(grid, grid).fill_diagonal_(9).amin(1)
        assert gaps.min() > 0.7 * gaps.max()
        assert grid.mean(0).abs().max() < 1e-3
