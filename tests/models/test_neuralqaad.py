"""NeuralQAAD's network: by hand, its patches, rows in any order, its table of codes, and bad input."""

import subprocess
import sys

import pytest
import torch
from torch.nn import functional

from pcl_lib.models import NeuralQAAD
from tests.models.networks import clouds

CODES, POINTS, SIZE, PATCHES = 5, 32, 4, 8
SMALL = {"trunk": (16, 12), "heads": (8, 3)}
WAYS = {
    "shared": SMALL,
    "joined again": SMALL | {"join_again": True},
    "with biases": SMALL | {"bias": True},
    "nothing shared": {"trunk": (), "heads": (16, 3)},
    "one layer a patch": {"trunk": (16,), "heads": (3,)},
}


def network(way="shared", seed=0, **options):
    torch.manual_seed(seed)
    return NeuralQAAD(CODES, POINTS, SIZE, PATCHES, **WAYS[way] | options)


def codes(b, seed=0):
    return torch.randn(b, SIZE, generator=torch.Generator().manual_seed(seed))


def folded(net, code, row):
    """One point by the layers one after the other, as the paper draws them."""
    q = net.input_cloud[row]
    patch = row // (net.points // net.patches)
    layers = [(net.trunk, 0)] if net.trunk is not None else []
    h, first = torch.cat((q, code)), True
    for part, k in [*layers, (net.heads, patch)]:
        if part is net.heads and net.join_again:
            h = torch.cat((h, q))
        for linear in part.linear:
            if not first and not (part is net.heads and net.join_again and linear is part.linear[0]):
                h = functional.selu(h)
            elif not first:
                h = torch.cat((functional.selu(h[:-3]), h[-3:]))
            h = linear.weight[k] @ h + (linear.bias[k, :, 0] if linear.bias is not None else 0)
            first = False
    return h


@pytest.mark.parametrize("way", WAYS)
def test_a_point_is_its_patch_s_layers_on_what_all_share(way):
    net = network(way)
    if way == "with biases":
        for part in (net.trunk, net.heads):
            for linear in part.linear:
                torch.nn.init.normal_(linear.bias)
    code = codes(2)
    made = net(code)
    assert made.shape == (2, POINTS, 3)
    for b in range(2):
        expected = torch.stack([folded(net, code[b], row) for row in range(POINTS)])
        torch.testing.assert_close(made[b], expected)


@pytest.mark.parametrize("way", WAYS)
def test_rows_are_those_of_the_whole_cloud(way):
    net, code = network(way), codes(3)
    whole = net(code)
    drawn = net.draw_rows(3, 16)
    torch.testing.assert_close(net(code, drawn), whole.gather(1, drawn[..., None].expand(-1, -1, 3)))
    few = torch.tensor([31, 0, 5, 5, 6, 7, 30])  # not as many of each patch, out of order, one twice
    torch.testing.assert_close(net(code, few), whole[:, few])
    own = torch.stack([torch.randperm(POINTS)[:7] for _ in range(3)])
    torch.testing.assert_close(net(code, own), whole.gather(1, own[..., None].expand(-1, -1, 3)))


def test_rows_in_any_order_have_the_same_gradients():
    net, code = network(), codes(2)
    rows = net.draw_rows(2, 16, torch.Generator().manual_seed(0))
    mixed = torch.randperm(16)
    found = []
    for order in (torch.arange(16), mixed):
        net.zero_grad()
        net(code, rows[:, order]).square().sum().backward()
        found.append([p.grad.clone() for p in net.parameters() if p.grad is not None])
    assert len(found[0]) == 1 + 2 + 2
    for straight, other in zip(*found, strict=True):
        assert straight.abs().max() > 0
        torch.testing.assert_close(straight, other)


def test_a_head_moves_its_own_patch_alone():
    net, code = network("with biases"), codes(1)
    before = net(code)
    with torch.no_grad():
        net.heads.linear[-1].bias[3] += 0.5
    moved = (net(code) != before).any(-1)[0]
    assert torch.equal(moved, torch.arange(POINTS) // (POINTS // PATCHES) == 3)


def test_selu_s_normal_weights_keep_mean_and_variance():
    torch.manual_seed(0)
    net = NeuralQAAD(1, 64, 253, 2, trunk=(256,) * 8, heads=(3,), start=torch.randn(64, 3))
    h = net._features(torch.randn(200, 253), net.input_cloud).detach()
    assert abs(float(h.mean())) < 0.05
    assert float(h.var()) == pytest.approx(1, abs=0.15)
    for linear in net.trunk.linear:
        assert linear.bias is None
        assert float(linear.weight.detach().std()) == pytest.approx(1 / 16, rel=0.03)


def test_compact_patches_are_cells_of_the_start():
    start = clouds(1, 64)[0]
    net = NeuralQAAD(1, 64, SIZE, 8, **SMALL, start=start)
    cells = net.input_cloud.detach().unflatten(0, (8, 8))
    assert torch.equal(net.order.sort().values, torch.arange(64))
    assert torch.equal(net.input_cloud, start[net.order])
    # Three halvings, one for each axis: the eight cells are the corners of the cloud.
    sides = cells.mean(1) > start.mean(0)
    assert len(sides.unique(dim=0)) == 8
    other = NeuralQAAD(1, 64, SIZE, 8, **SMALL, start=start, cut="random")
    spread = other.input_cloud.detach().unflatten(0, (8, 8)).std(1).mean()
    assert spread > 1.5 * cells.std(1).mean()
    assert torch.equal(other.input_cloud, start[other.order])


def test_a_given_cut_keeps_the_order_and_the_start_is_a_copy():
    start = clouds(1, 12)[0]
    net = NeuralQAAD(1, 12, SIZE, 3, **SMALL, start=start, cut="given")
    assert torch.equal(net.input_cloud, start)
    assert torch.equal(net.order, torch.arange(12))
    with torch.no_grad():
        net.input_cloud += 1
    assert not torch.equal(net.input_cloud, start)


def test_the_start_goes_where_the_weights_are_made():
    start = clouds(1, 12, dtype=torch.float64)[0]
    assert NeuralQAAD(1, 12, SIZE, 4, **SMALL, start=start).input_cloud.dtype == torch.float32
    with torch.device("meta"):
        net = NeuralQAAD(1, 12, SIZE, 4, **SMALL, start=start)
    assert {tensor.device.type for tensor in [*net.parameters(), net.order]} == {"meta"}


def test_as_many_different_rows_of_each_patch_drawn_for_each_cloud():
    net = network()
    rows = net.draw_rows(200, 16, torch.Generator().manual_seed(0))
    assert rows.dtype == torch.int64
    assert torch.equal(rows // 4, torch.arange(8).repeat_interleave(2).expand(200, -1))
    assert all(len(set(row.tolist())) == 16 for row in rows)
    assert len(rows.sort(1).values.unique(dim=0)) > 190
    # Each row of the input cloud is as likely: 100 of 200 are expected, with a deviation of 7.
    counts = rows.flatten().bincount(minlength=POINTS)
    assert ((counts > 65) & (counts < 135)).all()
    again = net.draw_rows(200, 16, torch.Generator().manual_seed(0))
    assert torch.equal(rows, again)
    assert torch.equal(net.draw_rows(1, POINTS).sort().values[0], torch.arange(POINTS))


@pytest.mark.parametrize("chunk", [1, 16, 20, 10_000])
def test_reconstruction_by_chunks_is_the_whole(chunk):
    net, code = network(), codes(2)
    seen = []
    net.heads.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[0] * given[0].shape[2]))
    made = net.reconstruct(code, chunk=chunk)
    assert not made.requires_grad
    assert max(seen) <= max(chunk, 2 * PATCHES)
    assert sum(seen) == 2 * POINTS
    torch.testing.assert_close(made, net(code))


def test_a_code_that_is_not_in_the_batch_does_not_move():
    """Under Adam it would go on by its momentum after the first step."""
    net = network()
    optimiser = torch.optim.SparseAdam([net.codes.weight], 0.1)
    for shape in (1, 2, 2):
        before = net.codes.weight.detach().clone()
        optimiser.zero_grad()
        index = torch.tensor([shape])
        net(net.codes(index)).square().sum().backward()
        assert net.codes.weight.grad.is_sparse
        optimiser.step()
        moved = (net.codes.weight.detach() != before).any(1)
        assert torch.equal(moved, torch.arange(CODES) == shape)


def test_the_table_starts_near_zero():
    torch.manual_seed(0)
    table = NeuralQAAD(2000, 8, SIZE, 1, **SMALL).codes.weight.detach()
    assert float(table.std()) == pytest.approx(0.01, rel=0.03)
    assert abs(float(table.mean())) < 5e-4


def test_weights_of_a_run_fit_a_new_network():
    net, other = network(seed=0), network(seed=1)
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(codes(2)), net(codes(2)))


@pytest.mark.slow
def test_a_million_points_take_less_than_four_gigabytes():
    job = """
import resource, torch
from pcl_lib.models import NeuralQAAD
torch.manual_seed(0)
net = NeuralQAAD(1, 1_048_576, 10, 16)
made = net.reconstruct(net.codes(torch.tensor([0])))
assert made.shape == (1, 1_048_576, 3) and bool(made.isfinite().all())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    done = subprocess.run([sys.executable, "-c", job], capture_output=True, text=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert unit * int(done.stdout) < 2 * 2**30, "half of it is left for a reassignment"


def build(points=POINTS, patches=PATCHES, codes=CODES, size=SIZE, **options):
    return NeuralQAAD(codes, points, size, patches, **SMALL | options)


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: build(30), "points must be a multiple of the number of patches, 8, received 30; take 24 points"),
        (lambda: build(8, 16), "patches must be at most the number of points, 8, received 16"),
        (lambda: build(36, 12), 'patches must be a power of two .* received 12; take 8, or cut="random"'),
        (lambda: build(codes=0), "codes must be an integer of at least 1, received 0"),
        (lambda: build(size=0), "code_size must be an integer of at least 1, received 0"),
        (lambda: build(patches=0), "patches must be an integer of at least 1, received 0"),
        (lambda: build(cut="cubes"), "cut must be one of 'compact', 'random', 'given', received 'cubes'"),
        (lambda: build(heads=(8, 4)), r"heads must end in 3, the coordinates of a point, received \(8, 4\)"),
        (lambda: build(heads=()), "heads must be one or more layer widths"),
        (lambda: build(trunk=(8, 0)), "trunk must be one or more layer widths"),
        (lambda: build(trunk=(), join_again=True), "join_again must be False where no layer is shared"),
        (lambda: build(start=torch.zeros(31, 3)), r"start must be a cloud \(32, 3\).* received \(31, 3\)"),
        (lambda: build(start=torch.full((32, 3), torch.nan)), "start must be finite, received nan"),
        (lambda: build()(codes(2)[:, :3]), r"code must be a batch of latent codes \(B, 4\)"),
        (lambda: build()(codes(2), [0, 1]), "rows must be a tensor of int64 .* received list; see draw_rows"),
        (lambda: build()(codes(2), torch.zeros(4)), "rows must be a tensor of int64 .* torch.float32"),
        (lambda: build()(codes(2), torch.zeros(3, 4).long()), r"rows must be .* 2 codes, .* received \(3, 4\)"),
        (lambda: build()(codes(2), torch.tensor([])[:0].long()), "rows must be .* n of at least 1, received"),
        (lambda: build()(codes(2), torch.tensor([0, 32])), "rows must be from 0 to 31, received 0 to 32"),
        (lambda: build()(codes(2), torch.tensor([-1, 2])), "rows must be from 0 to 31, received -1 to 2"),
        (lambda: build().draw_rows(2, 12), "n must be a multiple of the number of patches, 8, received 12; take 8"),
        (lambda: build().draw_rows(2, 40), "n must be an integer from 8 to the 32 points of the input cloud"),
        (lambda: build().reconstruct(codes(2), chunk=0), "chunk must be an integer of at least 1, received 0"),
    ],
)  # fmt: skip
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
