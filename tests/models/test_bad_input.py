"""Wrong clouds, codes and sizes meet a message that says what was expected, what came and what to do."""

import pytest
import torch

from pcl_lib.models import (
    DGCNN,
    MLP,
    AbstractionStage,
    AtlasDecoder,
    AtlasV2Decoder,
    EdgeConv,
    FoldingDecoder,
    FullyConnectedDecoder,
    LocalCode,
    LocalEncoder,
    LocalFoldingDecoder,
    PatchMLP,
    PointNet,
    PointNet2,
    Scale,
    SetAbstraction,
    atlas_net,
    sphere_grid,
    square_grid,
)
from tests.models.networks import (
    CODE,
    DECODERS,
    ENCODERS,
    LOCAL_DECODERS,
    SMALL_STAGES,
    clouds,
    codes,
    local_codes,
)

pytestmark = pytest.mark.usefixtures("as_users_call_it")

X = clouds(2, 40)


def spoilt(x, value):
    x = x.clone()
    x[-1, -1] = value
    return x


@pytest.mark.parametrize("name", [*ENCODERS, "local"])
@pytest.mark.parametrize(
    ("x", "message"),
    [
        (spoilt(X, torch.nan), "x must be finite, received nan"),
        (spoilt(X, torch.inf), "x must be finite, received inf"),
        (X[:, :0], "x is empty"),
        (X.long(), "integer tensor"),
        (X.half(), "half precision"),
        (X.numpy(), r"must be a torch\.Tensor"),
        (X[0], r"batch of clouds \(B, N, 3\), received shape \(40, 3\); add the missing axis with x\[None\]"),
        (X.mT, r"D = 3 in its last axis, received shape \(2, 3, 40\); is it transposed\? try x\.mT"),
        (
            X.double(),
            r"the dtype of the network, float32, received float64; convert it with x\.to\(torch\.float32\)",
        ),
    ],
    ids=["nan", "inf", "empty", "integer", "half", "array", "one cloud", "transposed", "double"],
)
def test_bad_clouds(name, x, message):
    encoder = LocalEncoder(SMALL_STAGES, (16,)) if name == "local" else ENCODERS[name]()
    with pytest.raises(ValueError, match=message):
        encoder(x)


def test_another_device():
    network = PointNet((8, CODE)).to("meta")
    with pytest.raises(
        ValueError, match=r"on the device of the network, meta, received cpu; call x\.to\('meta'\)"
    ):
        network(X)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            codes(2)[:, :-1],
            r"latent codes \(B, 8\), received shape \(2, 7\); the encoder and the decoder must agree",
        ),
        (codes(2)[0], r"received shape \(8,\)"),
        (codes(2)[:0], r"received shape \(0, 8\)"),
        ([0.0] * 8, "received list"),
        (spoilt(codes(2), torch.nan), "code must be finite, received 1 entries that are not"),
        (codes(2).double(), "code must have the dtype of the network, float32, received float64"),
        (codes(2).to("meta"), "code must be on the device of the network, cpu, received meta"),
    ],
    ids=["width", "one code", "empty", "list", "nan", "double", "device"],
)
def test_bad_codes(name, code, message):
    with pytest.raises(ValueError, match=message):
        DECODERS[name]()(code)


@pytest.mark.parametrize("name", LOCAL_DECODERS)
def test_bad_local_codes(name):
    good = local_codes(clouds(2, 50))
    for code, message in [
        (
            codes(2),
            "LocalCode of 4 centres with 16 features each, received Tensor; take it from a LocalEncoder",
        ),
        (LocalCode(good.centres[:, :3], good.features[:, :3]), r"received centres \(2, 3, 3\)"),
        (LocalCode(good.centres, good.features[..., :5]), r"features \(2, 4, 5\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            LOCAL_DECODERS[name]()(code)


@pytest.mark.parametrize("n", [0, -1, 2.5, True, "60"])
@pytest.mark.parametrize("name", ["folding", "squares", "v2 deformation"])
def test_bad_numbers_of_points(name, n):
    with pytest.raises(ValueError, match="n_points must be an integer of at least 1, received"):
        DECODERS[name]()(codes(2), n)


def test_one_cloud_in_training():
    one = clouds(1, 40)
    PointNet((16, CODE)).train()(one)  # batch norm over the points only
    for network in (
        PointNet((16,), (8, 8)),
        PointNet2(SMALL_STAGES, (8,), (8, 8)),
        DGCNN((8,), 8, (8, 8), k=3),
    ):
        with pytest.raises(
            ValueError, match=r"at least two rows .* received one .* batches of two clouds or more"
        ):
            network.train()(one)
        assert network.eval()(one).shape == (1, 8)
    with pytest.raises(ValueError, match="at least two points in a patch to take a variance, received one"):
        AtlasDecoder(CODE, 4, patches=4, widths=(8,)).train()(codes(1))


def test_too_few_points_for_the_centres():
    with pytest.raises(
        ValueError, match=r"at least 4 points, one for each centre, received shape \(1, 3, 3\)"
    ):
        LocalEncoder(SMALL_STAGES, (16,))(clouds(1, 3))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MLP(3, ()), r"widths must be one or more layer widths of at least 1, received \(\)"),
        (lambda: MLP(3, (8, 0)), r"received \(8, 0\)"),
        (lambda: MLP(3, (8,), end="tanh"), "end must be one of 'relu', 'norm', 'linear', received 'tanh'"),
        (lambda: PatchMLP(0, 3, (8,)), "patches must be an integer of at least 1, received 0"),
        (
            lambda: PatchMLP(2, 3, (8,), initialiser="selu"),
            "initialiser must be one of 'linear', 'lecun normal', received 'selu'",
        ),
        (lambda: EdgeConv(3, 8, k=0), "k must be an integer of at least 1, received 0"),
        (
            lambda: DGCNN(head=(8,)),
            r"head must have a hidden layer and the width of the code, received \(8,\)",
        ),
        (lambda: PointNet2(()), "stages must hold at least one set abstraction, received none"),
        (
            lambda: SetAbstraction(AbstractionStage(0, (Scale(1.0, 4, (8,)),))),
            "centres of a stage must be .* received 0",
        ),
        (
            lambda: SetAbstraction(AbstractionStage(4, ())),
            "a stage must have at least one scale, received none",
        ),
        (
            lambda: SetAbstraction(AbstractionStage(4, (Scale(0.0, 4, (8,)),))),
            "the radius of a scale must be a positive, finite length, received 0.0",
        ),
        (lambda: FullyConnectedDecoder(8, 0), "n_points must be an integer of at least 1, received 0"),
        (lambda: FoldingDecoder(8, 9, extent=-1.0), "extent must be a positive, finite length, received -1"),
        (lambda: LocalFoldingDecoder(9, centres=0), "patches must be an integer of at least 1, received 0"),
        (
            lambda: AtlasDecoder(8, surface="cube"),
            "surface must be one of 'squares', 'sphere', received 'cube'",
        ),
        (lambda: atlas_net(patches=0), "patches must be an integer of at least 1, received 0"),
        (
            lambda: AtlasV2Decoder(8, variant="patches"),
            "variant must be one of 'deformation', 'points', received",
        ),
        (
            lambda: AtlasV2Decoder(8, adjustment="affine"),
            "adjustment must be one of 'mlp', 'linear', received",
        ),
        (lambda: square_grid(0), "n_points must be an integer of at least 1, received 0"),
        (lambda: sphere_grid(-3), "n_points must be an integer of at least 1, received -3"),
    ],
)
def test_bad_sizes(build, message):
    with pytest.raises(ValueError, match=message):
        build()
