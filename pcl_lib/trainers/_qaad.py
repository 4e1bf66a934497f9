"""QAAD: an auto-decoder learns to send each of its points to an assigned one, and mends the assignment meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from pcl_lib._checks import check_integer, check_option
from pcl_lib.distances import chamfer, greedy_assignment
from pcl_lib.models import NeuralQAAD
from pcl_lib.trainers._assignments import Assignments, check_clouds, checksum_of, points_at
from pcl_lib.trainers._engine import Engine

STARTS = ("greedy", "random", "given")


class QAAD:
    r"""Train NeuralQAAD: by the augmented Chamfer distance first, then by the squares to assigned points.

    .. math:: \min_{\theta, z, Q} \; \frac1{BN} \sum_{s, i} \lVert x_s(q_i) - p_{s, A_s(i)} \rVert^2

    For the share `pretraining` of its steps an encoder makes the codes, and samples are compared by
    ``chamfer(squared=False, combine="max")``. Then, once, the codes of whole clouds go into the table and the points
    are assigned; from there on the network, the table and the input cloud learn by the squares, and in each step the
    assignment is mended by swaps among the points of the step. Each row of the paper's Table 1 is an option:

    - `model`: a `pcl_lib.models.NeuralQAAD`; with ``pretraining=1.0`` any decoder that takes (code, number of points).
    - `encoder`: of clouds (B, n, 3), any n, to codes; None with ``pretraining=0.0``, where the table begins as it is.
    - `clouds`: the data set (S, N, 3), which `fit` is given too. `assignments`: an `Assignments(S, N)`; None if
      ``pretraining=1.0``.
    - `steps`: of the run. `pretraining`: the share of them by the augmented Chamfer distance, 0 to 1.
    - `start`: of the assignment: "greedy" (after pre-training only), "random" (a permutation of its own for each
      cloud), or "given" by `Assignments.of`, for example the true correspondence.
    - `reassignment`: whether it is mended. `squared`, `ties`: as in `pcl_lib.distances.reassign`.
    - `points`: of each cloud in a step, a multiple of the number of patches, and as many targets to choose among, which
      are drawn independently of the assignment.
    - `leaf_size`: of the greedy start.
    - `rate`: of all. `optimizer`, `table_optimizer`: make one of parameters and `lr`; that of the table takes sparse
      gradients, so that a code that is not in the batch stands still.

    Logs "loss", and "swaps" and "gain" of the step: their number, and the sum of what they gained. Cost: a
    step with reassignment has one forward pass more, without gradient. Errors: `ValueError` for clouds that
    are not one finite tensor, sizes that do not fit each other, a start that does not fit the pre-training,
    assignments of other clouds, `clip` or several processes, which sparse gradients do not allow. Reference:
    neuralqaad2022 (Sec. 3.4, Algorithms 1 and 2).

    >>> import torch
    >>> from pcl_lib.models import NeuralQAAD, PointNet
    >>> from pcl_lib.trainers import Assignments, fit
    >>> _ = torch.manual_seed(0)
    >>> clouds = torch.rand(4, 64, 3)
    >>> model, encoder = NeuralQAAD(4, 64, 2, 4, trunk=(16,), heads=(8, 3)), PointNet((16,), (2,), end="linear")
    >>> method = QAAD(model, encoder, clouds, Assignments(4, 64), steps=80, points=32, rate=0.01)
    >>> history = fit(method, clouds, batch_size=4, steps=80, progress=False)
    >>> method.assignments.begun.item(), history.column("loss")[-1] < 0.1
    (20, True)
    """

    def __init__(
        self,
        model: nn.Module,
        encoder: nn.Module | None,
        clouds: Float[Tensor, "s n 3"],
        assignments: Assignments | None = None,
        *,
        steps: int,
        pretraining: float = 0.25,
        start: str = "greedy",
        reassignment: bool = True,
        points: int = 2048,
        squared: bool = True,
        ties: bool = False,
        leaf_size: int = 256,
        rate: float = 1e-3,
        optimizer: Callable[..., Optimizer] = torch.optim.Adam,
        table_optimizer: Callable[..., Optimizer] = torch.optim.SparseAdam,
    ) -> None:
        check_clouds(clouds)
        check_option("start", start, STARTS)
        check_integer("leaf_size", leaf_size, 1)
        self.points = check_integer("points", points, 1, clouds.shape[1], of="the points of a cloud")
        steps = check_integer("steps", steps, 1)
        _check_parts(model, encoder, clouds, points, pretraining, start)
        # The first step on assigned points, of which none is without pre-training that asked for some.
        self.first = max(1, round(pretraining * steps)) if pretraining > 0 else 0
        assigned = pretraining < 1
        if assigned:
            _check_table(model, assignments, clouds)
        self.clouds, self.start, self.leaf_size = clouds, start, leaf_size
        self.reassignment, self.squared, self.ties = reassignment, squared, ties
        self.model, self.encoder = model, encoder
        self.modules: dict[str, nn.Module] = {"model": model}
        table = [model.codes.weight] if isinstance(model, NeuralQAAD) else []
        learnt = [p for p in model.parameters() if all(p is not t for t in table)]
        self.optimizers = {"model": optimizer(learnt, lr=rate)}
        if encoder is not None:
            self.modules["encoder"] = encoder
            self.optimizers["encoder"] = optimizer(encoder.parameters(), lr=rate)
        if assigned:
            assert assignments is not None
            self.assignments = assignments
            self.modules["assignments"] = assignments
            self.optimizers["codes"] = table_optimizer(table, lr=rate)
            self.checksum = checksum_of(clouds)
            if start == "given" and int(assignments.checksum) == 0:
                raise ValueError(
                    'assignments must say of which clouds they are where start="given", received a table without; '
                    "make it with Assignments.of(clouds, assignment)"
                )
            assignments.tie_to(self.checksum)
        self.assigned = assigned

    def step(
        self, batch: Float[Tensor, "b n 3"], index: Int64[Tensor, " b"], engine: Engine
    ) -> Mapping[str, Tensor]:
        self._check_batch(batch, index)
        if self.assigned:
            _refuse_dense_only(engine)
            begun, checksum = torch.stack((self.assignments.begun, self.assignments.checksum)).tolist()
            if checksum != self.checksum:
                self.assignments.tie_to(self.checksum)  # raises: those of a checkpoint, of other clouds
            # Its trace lies with the assignments: a run that is resumed does not begin again, whatever its new length.
            if begun < 0 and engine.step >= self.first:
                self._begin(engine)
                begun = engine.step
            if begun >= 0:
                return self._to_assigned(batch, index, engine)
        return self._to_nearest(batch, engine)

    def _to_nearest(self, batch: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        """A step of the augmented Chamfer distance on samples, which the encoder sees too."""
        model, encoder = engine.modules["model"], engine.modules["encoder"]
        seen = points_at(batch, _drawn(len(batch), batch.shape[1], self.points, batch.device))
        with engine.turn("model", "encoder"):
            code = encoder(seen)
            made = model(code, self._rows(len(batch)))
            loss = chamfer(made, seen, squared=False, combine="max").mean()
            engine.descend(loss)
        return self._logged(loss)

    def _to_assigned(self, batch: Tensor, index: Tensor, engine: Engine) -> Mapping[str, Tensor]:
        """A step of the squares: the assignment of its points is mended first, then followed."""
        assert isinstance(self.model, NeuralQAAD)
        model, table, assignments = engine.modules["model"], self.model.codes, self.assignments
        rows = self.model.draw_rows(len(batch), self.points)
        with engine.turn("model", "codes"):
            code = table(index)
            made = model(code, rows)
            found = None
            if self.reassignment:
                offered = _drawn(len(batch), batch.shape[1], self.points, batch.device)
                found = assignments.improve(
                    index,
                    batch,
                    rows,
                    made,
                    offered,
                    lambda others: model(code.detach(), others),
                    squared=self.squared,
                    ties=self.ties,
                )
            targets = points_at(batch, assignments.targets(index, rows))
            loss = (made - targets).square().sum(-1).mean()
            engine.descend(loss)
        if found is None:
            return self._logged(loss)
        return self._logged(loss, found.swaps.sum(), found.gains.sum())

    @torch.no_grad()
    def _begin(self, engine: Engine) -> None:
        """Once: the codes of whole clouds go into the table, and the points are assigned."""
        assert isinstance(self.model, NeuralQAAD)
        device = engine.device
        codes = self._codes_of_whole_clouds(engine)
        if codes is not None:
            self.model.codes.weight[: len(codes)] = codes.to(self.model.codes.weight.dtype)
        for shape in range(len(self.clouds)):
            if self.start == "random":
                self.assignments.set(shape, torch.randperm(self.assignments.points, device=device))
            elif self.start == "greedy":
                cloud = self.clouds[shape].to(device, self.model.input_cloud.dtype)
                made = self.model.reconstruct(self.model.codes.weight[shape : shape + 1])[0]
                self.assignments.set(shape, greedy_assignment(made, cloud, leaf_size=self.leaf_size))
        self.assignments.begun.fill_(engine.step)

    def _codes_of_whole_clouds(self, engine: Engine) -> Tensor | None:
        if self.first == 0 or self.encoder is None:
            return None
        training = self.encoder.training
        self.encoder.eval()
        dtype = self.model.input_cloud.dtype if isinstance(self.model, NeuralQAAD) else self.clouds.dtype
        codes = [engine.modules["encoder"](cloud[None].to(engine.device, dtype)) for cloud in self.clouds]
        self.encoder.train(training)
        return torch.cat(codes)

    def _rows(self, batch: int) -> Tensor | int:
        """What the decoder is asked for: rows of an input cloud, or so many points."""
        return self.model.draw_rows(batch, self.points) if isinstance(self.model, NeuralQAAD) else self.points

    def _logged(
        self, loss: Tensor, swaps: Tensor | None = None, gain: Tensor | None = None
    ) -> Mapping[str, Tensor]:
        if not self.assigned:
            return {"loss": loss}
        none = loss.new_zeros(())
        return {
            "loss": loss,
            "swaps": none if swaps is None else swaps.to(loss.dtype),
            "gain": none if gain is None else gain.to(loss.dtype),
        }

    def _check_batch(self, batch: object, index: Tensor) -> None:
        """That `fit` trains on the clouds that are assigned, seen by their first points."""
        same = isinstance(batch, Tensor) and batch.shape[1:] == self.clouds.shape[1:]
        if same:
            assert isinstance(batch, Tensor)
            of = self.clouds[index.to(self.clouds.device), 0]
            same = torch.equal(batch[:, 0].to(of), of)
        if not same:
            raise ValueError(
                "the data of fit must be the clouds of the method, received others; call fit(method, method.clouds, ..)"
            )


def _drawn(batch: int, of: int, n: int, device: torch.device) -> Int64[Tensor, "b n"]:
    """n different rows of each cloud, uniformly."""
    if n == of:
        return torch.arange(of, device=device).expand(batch, -1)
    return torch.rand(batch, of, device=device, dtype=torch.float64).topk(n, sorted=False).indices


def _check_parts(
    model: nn.Module,
    encoder: nn.Module | None,
    clouds: Tensor,
    points: int,
    pretraining: float,
    start: str,
) -> None:
    if not 0 <= pretraining <= 1:
        raise ValueError(f"pretraining must be a share of the steps, from 0 to 1, received {pretraining!r}")
    if pretraining > 0 and encoder is None:
        raise ValueError(
            f"encoder must make the codes while pretraining > 0, received None with pretraining={pretraining}; "
            "give a PointNet, or pretraining=0.0"
        )
    if pretraining == 0 and start == "greedy":
        raise ValueError(
            'start must not be "greedy" with pretraining=0.0, received that: what an untrained network makes says '
            'nothing of where its points belong; pretrain, or start "random" or "given"'
        )
    if not isinstance(model, NeuralQAAD):
        if pretraining < 1:
            raise ValueError(
                f"model must be a NeuralQAAD to be trained on assigned points, received {type(model).__name__}; "
                "give pretraining=1.0 to train a decoder by the augmented Chamfer distance alone"
            )
        return
    if model.points != clouds.shape[1]:
        raise ValueError(
            f"model must have as many points as the clouds, {clouds.shape[1]}, received {model.points}"
        )
    if points % model.patches:
        raise ValueError(
            f"points must be a multiple of the {model.patches} patches of the model, received {points}"
        )


def _check_table(model: nn.Module, assignments: Assignments | None, clouds: Tensor) -> None:
    assert isinstance(model, NeuralQAAD)
    if model.codes.num_embeddings < len(clouds):
        raise ValueError(
            f"model must have a code for each of the {len(clouds)} clouds, received {model.codes.num_embeddings} codes"
        )
    if assignments is None or (assignments.shapes, assignments.points) != tuple(clouds.shape[:2]):
        received = "None" if assignments is None else f"{assignments.shapes} x {assignments.points}"
        raise ValueError(
            f"assignments must be of {len(clouds)} clouds of {clouds.shape[1]} points, received {received}; make them "
            f"with Assignments({len(clouds)}, {clouds.shape[1]})"
        )


def _refuse_dense_only(engine: Engine) -> None:
    if engine.clip is not None:
        raise ValueError(
            f"clip must be None with a table of codes, received {engine.clip}: its gradient is sparse and has no norm "
            "that could be clipped; lower the rate instead"
        )
    if engine.processes > 1:
        raise ValueError(
            f"QAAD runs in one process, received {engine.processes}: sparse gradients and assignments are not "
            "exchanged between processes; use Fabric(devices=1)"
        )
