"""The auto-encoders of the papers, by name."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from pcl_lib.models._atlasnet import AtlasDecoder
from pcl_lib.models._atlasnet_v2 import AtlasV2Decoder
from pcl_lib.models._autoencoder import AutoEncoder
from pcl_lib.models._folding import FoldingDecoder
from pcl_lib.models._fully_connected import FullyConnectedDecoder
from pcl_lib.models._local_codes import (
    LOCAL_STAGES,
    LocalEncoder,
    LocalFoldingDecoder,
    LocalFullyConnectedDecoder,
)
from pcl_lib.models._pointnet import PointNet, atlas_encoder
from pcl_lib.models._set_abstraction import AbstractionStage


def ae(
    code_dim: int = 128,
    n_points: int = 2048,
    *,
    points: Sequence[int] = (64, 128, 128, 256),
    widths: Sequence[int] = (256, 256),
    dim: int = 3,
) -> AutoEncoder:
    """AE of CALoss, the auto-encoder of l-GAN: PointNet, then a fully connected decoder.

    - `points`: layers of the PointNet, before that of the code;
    - `widths`: layers of the decoder, before that of the points;
    - `dim`: of the clouds.

    Reference: achlioptas2018latent, huang2023caloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(ae()), parameter_count(ae(16, 256, points=(32, 64), widths=(64,)))
    (1770240, 54512)
    """
    decoder = FullyConnectedDecoder(code_dim, n_points, widths=widths, dim=dim)
    return AutoEncoder(PointNet((*points, code_dim), dim=dim), decoder)


def folding_net(
    code_dim: int = 128,
    n_points: int = 2025,
    *,
    points: Sequence[int] = (64, 128, 128, 256),
    widths: Sequence[int] = (256, 256),
    dim: int = 3,
) -> AutoEncoder:
    """Folding of CALoss: PointNet, then two folds of a grid.

    - `points`: layers of the PointNet, before that of the code;
    - `widths`: hidden layers of each fold;
    - `dim`: of the clouds.

    FoldingNet's own encoder pools over a graph of neighbours; CALoss and PCLoss take PointNet.
    Reference: yang2018foldingnet, huang2023caloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(folding_net())
    292870
    """
    decoder = FoldingDecoder(code_dim, n_points, widths=widths, dim=dim)
    return AutoEncoder(PointNet((*points, code_dim), dim=dim), decoder)


def lae(
    n_points: int = 2048,
    *,
    stages: Sequence[AbstractionStage] = LOCAL_STAGES,
    refine: Sequence[int] = (256, 256),
    widths: Sequence[int] = (256, 256),
) -> AutoEncoder:
    """LAE of CALoss and PCLoss: local features of 32 centres, each with a fully connected decoder of its own.

    - `stages`, `refine`: of the encoder, see `LocalEncoder`;
    - `widths`: layers of each decoder, before its points.

    Reference: huang2022pcloss, huang2023caloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(lae())
    6274080
    """
    encoder = LocalEncoder(stages, refine)
    return AutoEncoder(
        encoder,
        LocalFullyConnectedDecoder(
            n_points, centres=encoder.centres, features=encoder.features, widths=widths
        ),
    )


def lfolding(
    n_points: int = 2048,
    *,
    stages: Sequence[AbstractionStage] = LOCAL_STAGES,
    refine: Sequence[int] = (256, 256),
    widths: Sequence[int] = (128, 128),
) -> AutoEncoder:
    """LFolding of CALoss and PCLoss: local features of 32 centres, each with a folding decoder of its own.

    - `stages`, `refine`: of the encoder, see `LocalEncoder`;
    - `widths`: hidden layers of each fold.

    Reference: huang2022pcloss, huang2023caloss.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(lfolding())
    3691744
    """
    encoder = LocalEncoder(stages, refine)
    return AutoEncoder(
        encoder,
        LocalFoldingDecoder(n_points, centres=encoder.centres, features=encoder.features, widths=widths),
    )


def atlas_net(
    surface: str = "squares",
    code_dim: int = 1024,
    n_points: int = 2500,
    *,
    encoder: nn.Module | None = None,
    patches: int | None = None,
    widths: Sequence[int] | None = None,
) -> AutoEncoder:
    """AtlasNet: PointNet 64-128-K with a layer of K, then 25 "squares" or one "sphere", each mapped by an MLP.

    - `encoder`: another one in its place; ShapeGF compares with `shapegf_encoder(128)`;
    - `patches`, `widths`: of the decoder, see `AtlasDecoder`; None takes the defaults there.

    Reference: groueix2018atlasnet.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(atlas_net("sphere")), parameter_count(atlas_net(code_dim=32, patches=4, widths=(64, 32)))
    (2913819, 32716)
    """
    encoder = atlas_encoder(code_dim) if encoder is None else encoder
    return AutoEncoder(
        encoder, AtlasDecoder(code_dim, n_points, surface=surface, patches=patches, widths=widths)
    )


def atlas_net_v2(
    variant: str = "deformation",
    code_dim: int = 1024,
    n_points: int = 2500,
    *,
    adjustment: str = "mlp",
    encoder: nn.Module | None = None,
    patches: int = 10,
    patch_dim: int | None = None,
    widths: Sequence[int] | None = None,
    deform: Sequence[int] = (128, 128),
    activation: type[nn.Module] = nn.ReLU,
) -> AutoEncoder:
    """AtlasNetV2: AtlasNet's encoder, then 10 learned elementary structures, adjusted to the shape.

    - `variant`: "deformation" (a network deforms each patch) or "points" (the points of each patch are trained);
    - `encoder`: another one in the place of AtlasNet's;
    - `adjustment`, `patches`, `patch_dim`, `widths`, `deform`, `activation`: of the decoder, see `AtlasV2Decoder`.
      NeuralQAAD compares with four layers of 128 (`widths`), 16 or 28 patches, and `nn.SELU` for `activation`.

    Reference: deprelle2019atlasnetv2, neuralqaad2022.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(atlas_net_v2("points", code_dim=32, n_points=256, patches=4, widths=(64, 32)))
    33228
    """
    encoder = atlas_encoder(code_dim) if encoder is None else encoder
    decoder = AtlasV2Decoder(
        code_dim,
        n_points,
        patches=patches,
        variant=variant,
        adjustment=adjustment,
        patch_dim=patch_dim,
        widths=widths,
        deform=deform,
        activation=activation,
    )
    return AutoEncoder(encoder, decoder)
