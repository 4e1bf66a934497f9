"""D-PCC: a codec of one cloud that keeps its density, as a network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_option, check_positive
from pcl_lib.models._dpcc.clusters import clusters, mean_distances
from pcl_lib.models._dpcc.coordinates import LatentCoordinates, through
from pcl_lib.models._dpcc.decoder import DensityDecoder, Stages
from pcl_lib.models._dpcc.downsample import Level, stays
from pcl_lib.models._dpcc.encoder import DensityEncoder
from pcl_lib.models._dpcc.layers import TwoLayers
from pcl_lib.models._entropy_bottleneck import EntropyBottleneck
from pcl_lib.models._input_checks import check_batch, check_code, check_widths

EMBEDDINGS = ("position", "density")


class Latent(NamedTuple):
    """What is coded of a cloud, before it is rounded: `coordinates` and `features`, (M, width) each."""

    coordinates: Float[Tensor, "m c"]
    features: Float[Tensor, "m c"]


class DPCCOutput(NamedTuple):
    """All that the losses of D-PCC look at, for one cloud.

    - `stages`: the decoder's clouds, coarse to fine, each (n_i, 3);
    - `counts`, `mean_distances`: by which stage i came out of the points before it, (M,) or (n_(i-1),);
    - `coordinates`, `latent`: the latent points (M, 3) as decoded, and as they were;
    - `levels`: those of the encoder, fine to coarse (`points`, `counts`, `mean_distances`); the truth of stage i is
      the level as far from the end;
    - `likelihoods`: of features and coordinates, (1, width, M) each;
    - `normals`, `true_normals`: (n, 3) of the last stage, in (-1, 1), and (N, 3), or None.
    """

    stages: Stages
    counts: Stages
    mean_distances: Stages
    coordinates: Float[Tensor, "m 3"]
    latent: Float[Tensor, "m 3"]
    levels: tuple[Level, ...]
    likelihoods: tuple[Tensor, Tensor]
    normals: Tensor | None
    true_normals: Tensor | None


class DPCC(nn.Module):
    r"""Density-preserving compression: one cloud to a few latent points with features, rounded, and back.

    .. math:: x \xrightarrow{\;E\;} (c, f) \in \mathbb{R}^{M \times 3} \times \mathbb{R}^{M \times 8}, \quad
              \hat f = Q(f), \quad \hat c = S\bigl(Q(A(c))\bigr), \quad \hat x = D(\hat c, \hat f)

    Three times a third of the points stay, which take up features of those that go: where they lie and how many they
    are. Of the latent points 8 channels of features and 8 of coordinates are coded. Three times a point then has one
    to eight children, as many as its features say. Q is an `EntropyBottleneck`: noise in training, rounding after.

    - `width`: channels of a point, also of the two bottlenecks, a multiple of `candidates`;
    - `hidden`: of the layers between;
    - `rates`: the share of the points that stay, one for each layer of encoder and decoder;
    - `candidates`: the most children that a point may have;
    - `k`: neighbours of a point that stays; fewer where a cloud has fewer, for that call;
    - `embeddings`: which of "position" and "density" the encoder has beside its attention;
    - `normals`: whether normals are coded too: the network then takes rows of six numbers.

    Shapes: points (N, 3), one cloud of any N from `fewest` up (14 at three thirds), in about [-1, 1], or (N, 6); to a
    `DPCCOutput`. Clouds differ in what becomes of them, so that they do not make a batch: one after the other.
    Invariant to the order of the points but for the first, from which sampling starts. `latent` and `decode` are what
    a codec needs; all works in float64 too (`network.double()`), where a count hardly rounds to another integer on
    another machine. Gradient: to all weights but the quantiles of the bottlenecks (`auxiliary`); counts get theirs
    from losses of counts and distances alone. Initialisation: torch's defaults.
    Without normals the last features of the decoder are for nothing and learn nothing; the release has them too.
    Cost: three searches for each layer; 1,024 points about 110 million multiply-adds forward, and forward and backward
    about 65 ms of one CPU core.
    Errors: `ValueError` for what is not one finite cloud, fewer points than `fewest`, sizes that do not fit.
    Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> _ = torch.manual_seed(0)
    >>> network = DPCC()
    >>> parameter_count(network), network.fewest
    (87662, 14)
    >>> output = network(torch.rand(1000, 3))
    >>> [len(level.points) for level in output.levels], len(output.latent), len(output.stages)
    ([1000, 333, 111], 37, 3)
    """

    def __init__(
        self,
        width: int = 8,
        hidden: int = 64,
        *,
        rates: Sequence[float] = (1 / 3, 1 / 3, 1 / 3),
        candidates: int = 8,
        k: int = 16,
        embeddings: Collection[str] = EMBEDDINGS,
        normals: bool = False,
    ) -> None:
        super().__init__()
        check_widths((width, hidden), "width and hidden")
        self.candidates = check_integer("candidates", candidates, 1)
        check_integer("k", k, 1)
        _check_rates(rates)
        embeddings = (embeddings,) if isinstance(embeddings, str) else tuple(embeddings)
        for name in embeddings:
            check_option("embeddings", name, EMBEDDINGS)
        self.width, self.k = width, k
        self.inputs = 6 if normals else 3
        self.fewest = _fewest(rates)
        self.start = TwoLayers(self.inputs, hidden, width)
        self.encoder = DensityEncoder(width, hidden, rates=rates, k=k, embeddings=embeddings)
        self.bottleneck = EntropyBottleneck(width)
        self.coordinates = LatentCoordinates(width, hidden)
        self.decoder = DensityDecoder(
            width, hidden, layers=len(rates), candidates=candidates, normals=normals
        )

    def forward(self, points: Float[Tensor, "n i"]) -> DPCCOutput:
        latent, features, levels = self._encode(points)
        features, of_features = through(self.bottleneck, features)
        coordinates, of_coordinates = self.coordinates(latent)
        stages, counts, normals = self.decoder(coordinates, features)
        before = (coordinates, *stages[:-1])
        distances = tuple(
            mean_distances(parents, born, clusters(parents, born, self.k), count)
            for parents, born, count in zip(before, stages, counts, strict=True)
        )
        return DPCCOutput(
            stages,
            counts,
            distances,
            coordinates,
            latent,
            levels,
            (of_features, of_coordinates),
            normals,
            points[:, 3:] if self.inputs == 6 else None,
        )

    def latent(self, points: Float[Tensor, "n i"]) -> Latent:
        """What of a cloud is to be rounded and coded: `bottleneck` codes features, `coordinates.bottleneck` the other.

        Shapes: (N, 3), with normals (N, 6), to (M, width) twice; M is a 27th of N at three thirds.
        """
        latent, features, _ = self._encode(points)
        return Latent(self.coordinates.analysis(latent), features)

    def decode(
        self, coordinates: Float[Tensor, "m c"], features: Float[Tensor, "m c"]
    ) -> Float[Tensor, "n i"]:
        """The cloud of rounded coordinates and features, each point after its parent's; with normals (n, 6).

        From 1 to candidates^layers points for each latent point. On one thread the same numbers give the same bits.
        Errors: `ValueError` for what is not two codes of one length, finite and of the network's width.
        """
        check_code(coordinates, self, self.width)
        check_code(features, self, self.width)
        if len(coordinates) != len(features):
            raise ValueError(
                f"coordinates and features must be of as many latent points, received {len(coordinates)} and "
                f"{len(features)}"
            )
        stages, _, normals = self.decoder(self.coordinates.synthesis(coordinates), features)
        return stages[-1] if normals is None else torch.cat((stages[-1], normals), -1)

    def auxiliary(self) -> Float[Tensor, ""]:
        """The loss that trains the quantiles of both bottlenecks, and nothing else."""
        return self.bottleneck.loss() + self.coordinates.bottleneck.loss()

    def quantiles(self) -> list[nn.Parameter]:
        """The quantiles of both bottlenecks, for an optimiser of their own."""
        return [self.bottleneck.quantiles, self.coordinates.bottleneck.quantiles]

    def _encode(self, points: Tensor) -> tuple[Tensor, Tensor, tuple[Level, ...]]:
        if isinstance(points, Tensor) and points.ndim == 3:
            raise ValueError(
                f"points must be one cloud (N, {self.inputs}), received shape {tuple(points.shape)}; call the network "
                "on each cloud of a batch, for each has its own number of points afterwards"
            )
        check_batch(points[None] if isinstance(points, Tensor) else points, self, self.inputs)
        if len(points) < self.fewest:
            raise ValueError(
                f"points must be at least {self.fewest}, so that a latent point is left, received {len(points)}; "
                "send a cloud this small as it is"
            )
        places = points[:, :3]
        made: tuple[Tensor, Tensor, tuple[Level, ...]] = self.encoder(places.contiguous(), self.start(points))
        return made


def _fewest(rates: Sequence[float]) -> int:
    """The least number of points of which one is left after all layers."""
    n = 1
    for rate in reversed(rates):
        most = int(n / rate) + 1
        n = next(m for m in range(1, most + 1) if stays(m, rate) >= n)
    return n


def _check_rates(rates: Sequence[float]) -> None:
    if len(rates) == 0:
        raise ValueError("rates must hold the rate of at least one layer, received none")
    for rate in rates:
        check_positive("rates", rate)
        if rate > 1:
            raise ValueError(f"rates must be shares of the points that stay, at most 1, received {rate}")
