"""NeuralQAAD's network: one input cloud, cut into patches, is folded to every shape of a data set."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from pcl_lib._checks import check_cloud, check_integer
from pcl_lib.distances.building_blocks import kd_split
from pcl_lib.models._input_checks import check_code, check_widths
from pcl_lib.models._mlp import parameter_count
from pcl_lib.models._neuralqaad_sizes import NEURALQAAD_SIZES, check_patches, compression_ratio
from pcl_lib.models._patches import PatchMLP

CODE_STD = 0.01


class NeuralQAAD(nn.Module):
    r"""An auto-decoder of a data set: points q of one trained input cloud, folded to shape s by its trained code.

    .. math:: x_s(q) = \varphi_{k(q)}(\psi(q, z_s)), \qquad q \in Q

    The layers psi, of widths `trunk`, are shared by all points; patch k of the input cloud has layers phi_k of widths
    `heads`. SELU follows each layer but the last, and weights are LeCun-normal. All patches run as one batched product.

    - `codes`, `code_size`: the table `codes`, an `nn.Embedding` (S, l) whose gradient is sparse, so that a code that
      is not in the batch does not move; normal of deviation 0.01 at first.
    - `points`, `patches`: N points in K patches of N / K. Patch k is rows k N / K to (k + 1) N / K of `input_cloud`.
    - `trunk`, `heads`: `NEURALQAAD_SIZES` holds the readings of the paper's list of sizes; the default is the one
      whose weights give the ratios that it states. `trunk=()` shares no layer.
    - `bias`: whether layers have one. `join_again`: whether q joins what the heads get, 3 more inputs for each.
    - `start`: where the input cloud begins, (N, 3), for example a training shape; else uniform in the box [-1, 1]^3.
    - `cut`: "compact" patches, the cells of a k-d tree, whose number is a power of two; "random" ones; or "given", the
      rows of `start` as they come. `order` (N,) is the row of `start` that each row of the input cloud was.

    Shapes: code (B, l) to (B, N, 3), or to (B, n, 3) for `rows`, (n,) or (B, n), of the input cloud, in their order.
    `draw_rows` draws the same number from each patch; other rows take a sort and a copy more.
    Cost: O(B n w^2) time for width w; memory O(B n w), but for `reconstruct`, which goes by chunks.
    Errors: `ValueError` for sizes that do not fit each other, and for another code. Reference: neuralqaad2022.

    >>> NeuralQAAD(4, 64, 10, 16).network_weights, NeuralQAAD(4, 128, 256, 128).network_weights
    (203008, 1204992)
    """

    order: Tensor

    def __init__(
        self,
        codes: int,
        points: int,
        code_size: int,
        patches: int,
        *,
        trunk: Sequence[int] = NEURALQAAD_SIZES["128 three times"].trunk,
        heads: Sequence[int] = NEURALQAAD_SIZES["128 three times"].heads,
        bias: bool = False,
        join_again: bool = False,
        cut: str = "compact",
        start: Float[Tensor, "n 3"] | None = None,
    ) -> None:
        super().__init__()
        check_integer("codes", codes, 1)
        check_integer("code_size", code_size, 1)
        check_patches(points, patches, cut)
        if len(trunk):
            check_widths(trunk, "trunk")
        check_widths(heads, "heads")
        if heads[-1] != 3:
            raise ValueError(f"heads must end in 3, the coordinates of a point, received {tuple(heads)}")
        if join_again and not len(trunk):
            raise ValueError(
                "join_again must be False where no layer is shared, received True: the heads get q as it is"
            )
        self.code_size, self.points, self.patches, self.join_again = code_size, points, patches, join_again

        if start is None:
            start = 2 * torch.rand(points, 3) - 1
        _check_start(start, points)
        order = _cut(start, patches, cut)
        self.codes = nn.Embedding(codes, code_size, sparse=True)
        nn.init.normal_(self.codes.weight, std=CODE_STD)
        # A cloud of the CPU, or in float64, goes where the weights are made, and becomes what they are.
        self.input_cloud = nn.Parameter(start.detach()[order].to(self.codes.weight, copy=True))
        self.register_buffer("order", order.to(self.codes.weight.device), persistent=False)

        joined = 3 + code_size
        self.trunk = _selu_layers(1, joined, trunk, bias) if len(trunk) else None
        self.activation = nn.SELU()
        made = trunk[-1] + 3 * join_again if len(trunk) else joined
        self.heads = _selu_layers(patches, made, heads, bias)

    def forward(
        self, code: Float[Tensor, "b l"], rows: Int64[Tensor, "*b n"] | None = None
    ) -> Float[Tensor, "b n 3"]:
        check_code(code, self, self.code_size)
        if rows is None:
            return self._of_equal_patches(self._features(code, self.input_cloud))
        self._check_rows(rows, len(code))
        patch = rows.div(self.points // self.patches, rounding_mode="floor")
        equal = self._in_patch_order(patch)
        if not equal:
            self._check_range(rows)
        # As an embedding: its backward pass adds up rows asked for several times faster than that of an index.
        features = self._features(code, functional.embedding(rows, self.input_cloud))
        if equal:
            return self._of_equal_patches(features)
        return self._of_any_rows(features, patch.expand(len(code), -1))

    def _features(self, code: Tensor, q: Tensor) -> Tensor:
        """What the heads get, (F, B, n), of points (n, 3) or (B, n, 3)."""
        points = q.T[:, None] if q.ndim == 2 else q.permute(2, 0, 1)
        size = (-1, len(code), points.shape[-1])
        if self.trunk is None:
            return torch.cat((points.expand(size), code.T[..., None].expand(size)))
        made = self.activation(self.trunk(code.T[None], points[None]))[0]
        return torch.cat((made, points.expand(size))) if self.join_again else made

    def _of_equal_patches(self, features: Tensor) -> Tensor:
        batch, n = features.shape[1:]
        by_patch = features.unflatten(-1, (self.patches, n // self.patches)).permute(2, 0, 1, 3)
        made = self.heads(by_patch.flatten(2))
        return made.unflatten(-1, (batch, -1)).permute(2, 0, 3, 1).flatten(1, 2)

    def _of_any_rows(self, features: Tensor, patch: Tensor) -> Tensor:
        """Each patch is filled up to the number of rows of the largest."""
        patch = patch.flatten()
        by_patch = patch.argsort(stable=True)
        counts = patch.bincount(minlength=self.patches)
        first, width = counts.cumsum(0) - counts, int(counts.max())
        place = torch.empty_like(patch)
        rank = torch.arange(len(patch), device=patch.device)
        place[by_patch] = patch[by_patch] * width + rank - first[patch[by_patch]]
        padded = features.new_zeros(len(features), self.patches * width)
        padded = padded.index_copy(1, place, features.flatten(1))
        made = self.heads(padded.unflatten(1, (self.patches, width)).transpose(0, 1))
        found = made.transpose(0, 1).flatten(1)[:, place]
        return found.unflatten(1, features.shape[1:]).permute(1, 2, 0)

    def draw_rows(self, batch: int, n: int, generator: torch.Generator | None = None) -> Int64[Tensor, "b n"]:
        """Rows of the input cloud for each of `batch` clouds: n / K different ones of each patch, patch by patch.

        By `generator` where it lives, else by torch's own where the network is. O(batch N) random numbers.
        Errors: `ValueError` unless n is a multiple of K, from K to N.
        """
        check_integer("batch", batch, 1)
        check_integer("n", n, self.patches, self.points, of=f"the {self.points} points of the input cloud")
        if n % self.patches:
            raise ValueError(
                f"n must be a multiple of the number of patches, {self.patches}, received {n}; take "
                f"{n - n % self.patches}"
            )
        of_patch = self.points // self.patches
        device = self.input_cloud.device
        # In float64: among many draws in float32 some tie.
        keys = torch.rand(
            batch,
            self.patches,
            of_patch,
            dtype=torch.float64,
            generator=generator,
            device=device if generator is None else generator.device,
        )
        within = keys.topk(n // self.patches, sorted=False).indices.to(device)
        return (within + of_patch * torch.arange(self.patches, device=device)[:, None]).flatten(1)

    @torch.no_grad()
    def reconstruct(self, code: Float[Tensor, "b l"], *, chunk: int = 65_536) -> Float[Tensor, "b n 3"]:
        """All N points, as `forward` makes them, without gradient and of about `chunk` points at a time.

        Memory: about 4 w numbers for each point of a chunk, w the widest layer; a million points take what 65,536 take.
        """
        check_integer("chunk", chunk, 1)
        check_code(code, self, self.code_size)
        of_patch = self.points // self.patches
        at_once = min(of_patch, max(1, chunk // (self.patches * len(code))))
        starts = torch.arange(0, self.points, of_patch, device=code.device)[:, None]
        made = code.new_empty(len(code), self.points, 3)
        for first in range(0, of_patch, at_once):
            within = torch.arange(first, min(first + at_once, of_patch), device=code.device)
            rows = (starts + within).flatten()
            made[:, rows] = self(code, rows).to(made.dtype)
        return made

    @property
    def network_weights(self) -> int:
        """Numbers in trunk and heads: without the table of codes and without the input cloud."""
        return parameter_count(self.heads) + (parameter_count(self.trunk) if self.trunk else 0)

    def compression_ratio(self, *, input_cloud: bool = True) -> float:
        """`compression_ratio` of the data set that the table has codes for; `input_cloud` counts it among the stored.

        The paper's ratios do not count it. 3 N numbers, it may be as large as the network.
        """
        return compression_ratio(
            self.codes.num_embeddings,
            self.points,
            self.code_size,
            self.network_weights,
            input_cloud=input_cloud,
        )

    def _check_rows(self, rows: object, batch: int) -> None:
        if not isinstance(rows, Tensor) or rows.dtype != torch.int64 or rows.device != self.order.device:
            received = f"{rows.dtype} on {rows.device}" if isinstance(rows, Tensor) else type(rows).__name__
            raise ValueError(
                f"rows must be a tensor of int64 on the device of the network, {self.order.device}, received "
                f"{received}; see draw_rows"
            )
        if rows.ndim not in (1, 2) or rows.numel() == 0 or (rows.ndim == 2 and len(rows) != batch):
            raise ValueError(
                f"rows must be (n,), or (B, n) for {batch} codes, with n of at least 1, received "
                f"{tuple(rows.shape)}"
            )

    def _check_range(self, rows: Tensor) -> None:
        low, high = (int(end) for end in rows.aminmax())
        if low < 0 or high >= self.points:
            raise ValueError(f"rows must be from 0 to {self.points - 1}, received {low} to {high}")

    def _in_patch_order(self, patch: Tensor) -> bool:
        """Whether there are as many rows of each patch, patch by patch."""
        n = patch.shape[-1]
        if n % self.patches:
            return False
        expected = torch.arange(self.patches, device=patch.device).repeat_interleave(n // self.patches)
        return torch.equal(patch, expected.expand_as(patch))


def _selu_layers(patches: int, inputs: int, widths: Sequence[int], bias: bool) -> PatchMLP:
    return PatchMLP(patches, inputs, widths, activation=nn.SELU, bias=bias, initialiser="lecun normal")


def _check_start(start: object, points: int) -> None:
    check_cloud(start, "start", dims=3)
    assert isinstance(start, Tensor)
    if start.shape != (points, 3):
        raise ValueError(
            f"start must be a cloud ({points}, 3), as many points as the network has, received "
            f"{tuple(start.shape)}"
        )


def _cut(start: Tensor, patches: int, cut: str) -> Tensor:
    """The rows of `start`, patch by patch."""
    n = len(start)
    if cut == "given":
        return torch.arange(n, device=start.device)
    if cut == "random":
        return torch.randperm(n, device=start.device)
    cells = kd_split(start.detach().cpu().numpy(), n // patches)
    return torch.cat([torch.from_numpy(cell) for cell in cells]).to(start.device)
