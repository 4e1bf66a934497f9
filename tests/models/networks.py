"""The networks under test, at a size that runs in milliseconds, and clouds for them."""

import torch

from pcl_lib.models import (
    DGCNN,
    AbstractionStage,
    AtlasDecoder,
    AtlasV2Decoder,
    FoldingDecoder,
    FullyConnectedDecoder,
    LocalEncoder,
    LocalFoldingDecoder,
    LocalFullyConnectedDecoder,
    PointNet,
    PointNet2,
    Scale,
    ae,
    atlas_net,
    atlas_net_v2,
    folding_net,
    lae,
    lfolding,
)

CODE = 8
CENTRES = 4
SMALL_STAGES = (
    AbstractionStage(16, (Scale(0.8, 6, (8, 16)),)),
    AbstractionStage(CENTRES, (Scale(1.5, 4, (16, 16)),)),
)
TWO_SCALES = (AbstractionStage(16, (Scale(0.5, 4, (8, 16)), Scale(1.0, 8, (8,)))),)

ENCODERS = {
    "pointnet": lambda: PointNet((16, CODE)),
    "pointnet with a head": lambda: PointNet((16, 16), (12, CODE), end="linear"),
    "pointnet2": lambda: PointNet2(SMALL_STAGES, (16,), (12, CODE)),
    "pointnet2, two scales": lambda: PointNet2(TWO_SCALES, (16, CODE), ()),
    "dgcnn": lambda: DGCNN((8, 16), 16, (12, CODE), k=5),
}
DECODERS = {
    "fully connected": lambda n=60: FullyConnectedDecoder(CODE, n, widths=(16,)),
    "folding": lambda n=60: FoldingDecoder(CODE, n, widths=(32, 32)),
    "squares": lambda n=60: AtlasDecoder(CODE, n, patches=5, widths=(16, 8)),
    "sphere": lambda n=60: AtlasDecoder(CODE, n, surface="sphere", widths=(16, 8)),
    "v2 deformation": lambda n=60: AtlasV2Decoder(CODE, n, patches=5, widths=(16, 8), deform=(8,)),
    "v2 points": lambda n=60: AtlasV2Decoder(
        CODE, n, patches=5, variant="points", patch_dim=3, widths=(16, 8)
    ),
    "v2 linear": lambda n=60: AtlasV2Decoder(
        CODE, n, patches=5, adjustment="linear", widths=(16,), deform=(8,)
    ),
    "v2 points linear": lambda n=60: AtlasV2Decoder(
        CODE, n, patches=5, variant="points", patch_dim=3, adjustment="linear", widths=(16,)
    ),
}
LOCAL_DECODERS = {
    "lae": lambda n=60: LocalFullyConnectedDecoder(n, centres=CENTRES, features=16, widths=(16,)),
    "lfolding": lambda n=60: LocalFoldingDecoder(n, centres=CENTRES, features=16, widths=(16,)),
}
ANY_NUMBER = ("folding", "squares", "sphere", "v2 deformation", "v2 linear", "lfolding")
AUTOENCODERS = {
    "ae": lambda n=60: ae(CODE, n, points=(16,), widths=(32,)),
    "folding_net": lambda n=60: folding_net(CODE, n, points=(16,), widths=(32,)),
    "lae": lambda n=60: lae(n, stages=SMALL_STAGES, refine=(16,), widths=(16,)),
    "lfolding": lambda n=60: lfolding(n, stages=SMALL_STAGES, refine=(16,), widths=(16,)),
    "atlas_net squares": lambda n=60: atlas_net("squares", CODE, n, patches=5, widths=(32, 16)),
    "atlas_net sphere": lambda n=60: atlas_net("sphere", CODE, n, widths=(32, 16)),
    "atlas_net_v2 deformation": lambda n=60: atlas_net_v2(
        "deformation", CODE, n, patches=5, widths=(32, 16), deform=(16,)
    ),
    "atlas_net_v2 points": lambda n=60: atlas_net_v2("points", CODE, n, patches=5, widths=(32, 16)),
}


def clouds(b, n, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(b, n, 3, generator=generator, dtype=dtype) * 2 - 1


def codes(b, seed=0, dtype=torch.float32):
    return torch.randn(b, CODE, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@torch.no_grad()
def local_codes(x):
    torch.manual_seed(0)
    return LocalEncoder(SMALL_STAGES, (16,)).eval()(x)


def code_for(name, b):
    return local_codes(clouds(b, 50)) if name in LOCAL_DECODERS else codes(b)
