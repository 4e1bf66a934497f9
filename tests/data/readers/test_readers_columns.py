"""What the columns of a file mean: normals, colours and labels under the names and in the forms that programs use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pcl_lib.data import ReadError, read_cloud, read_mesh
from tests.data.readers.samples import put

TEXT = (".xyz", ".txt", ".csv", ".pts")
each_text = pytest.mark.parametrize("suffix", TEXT)
RGB = [[255, 128, 0], [12, 200, 7]]


@each_text
@pytest.mark.parametrize("mark", [" ", "\t", ",", ", ", ";", "   "])
def test_six_columns_of_colours(suffix: str, mark: str, tmp_path: Path) -> None:
    rows = [[0, 0, 0, *RGB[0]], [1, 2, 3, *RGB[1]]]
    cloud = read_cloud(put(tmp_path / f"a{suffix}", "".join(mark.join(map(str, row)) + "\n" for row in rows)))
    assert cloud.normals is None
    assert cloud.colors.dtype == torch.uint8
    assert cloud.colors.tolist() == RGB
    assert cloud.points.tolist() == [[0, 0, 0], [1, 2, 3]]


@each_text
def test_six_columns_of_normals(suffix: str, tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / f"a{suffix}", "0 0 0 0.58 0.58 -0.58\n1 2 3 0 0 1\n4 5 6 0 0 0\n"))
    assert cloud.colors is None
    np.testing.assert_allclose(cloud.normals, [[0.58, 0.58, -0.58], [0, 0, 1], [0, 0, 0]], atol=1e-7)


@each_text
def test_six_columns_of_colours_from_0_to_1(suffix: str, tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / f"a{suffix}", "0 0 0 0.5 0.25 1\n1 2 3 0 0 1\n"))
    assert cloud.normals is None
    assert cloud.colors.tolist() == [[0.5, 0.25, 1], [0, 0, 1]]


@each_text
@pytest.mark.parametrize(
    "values", ["2 0.5 0", "-0.5 0.5 0.1", "300 1 2", "255 128.5 0", "0.9 0.9 0.9\n1 1 1 -3 0 0"]
)
def test_what_is_neither_is_refused_until_it_is_named(suffix: str, values: str, tmp_path: Path) -> None:
    path = put(tmp_path / f"a{suffix}", f"0 0 0 {values}\n")
    advice = r"columns 4 to 6 .* are not clear; expected normals of length 1, or colours .*columns='x y z nx ny nz'"
    with pytest.raises(ReadError, match=advice):
        read_cloud(path)
    named = read_cloud(path, columns="x y z nx ny nz")
    assert named.normals[0].tolist() == pytest.approx([float(v) for v in values.split()[:3]])
    assert read_cloud(path, columns="x y z _ _ _").normals is None


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_arrays_follow_the_same_rule(dtype: type, tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.hstack([np.eye(3)[:2], RGB]).astype(dtype))
    cloud = read_cloud(path)
    assert (cloud.normals, cloud.colors.tolist(), cloud.colors.dtype) == (None, RGB, torch.uint8)
    np.save(path, np.hstack([np.eye(3), np.eye(3)]).astype(dtype))
    assert read_cloud(path).normals.tolist() == np.eye(3).tolist()
    np.save(path, np.array([[1, 2, 3, 9]], dtype=dtype))
    assert read_cloud(path, columns="x y z label").labels.tolist() == [9]
    with pytest.raises(ReadError, match=r"shape \(1, 4\)"):
        read_cloud(path)


def test_seven_and_nine_columns(tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "a.txt", "0 0 0 0 0 1 17\n1 1 1 0 1 0 4\n"))
    assert cloud.labels.tolist() == [17, 4]
    assert cloud.normals.tolist() == [[0, 0, 1], [0, 1, 0]]
    for row in ("0 0 0 9 8 7 0 0 1\n", "0 0 0 0 0 1 9 8 7\n"):
        cloud = read_cloud(put(tmp_path / "a.txt", row))
        assert (cloud.colors.tolist(), cloud.normals.tolist()) == ([[9, 8, 7]], [[0, 0, 1]])
    with pytest.raises(ReadError, match="columns 7 to 9"):
        read_cloud(put(tmp_path / "a.txt", "0 0 0 0 0 1 0 0 1\n"))
    with pytest.raises(ReadError, match=r"it has 5 columns; .*columns='x y z intensity r g b'"):
        read_cloud(put(tmp_path / "a.txt", "0 0 0 0 0\n"))


@pytest.mark.parametrize(
    ("header", "row", "normals", "colors", "labels"),
    [
        ("x,y,z", "1,2,3", None, None, None),
        ("X,Y,Z,R,G,B", "1,2,3,9,8,7", None, [9, 8, 7], None),
        ('"x";"y";"z";"red";"green";"blue"', "1;2;3;9;8;7", None, [9, 8, 7], None),
        ("x\ty\tz\tnx\tny\tnz", "1\t2\t3\t0\t0\t5", [0, 0, 5], None, None),
        ("//X Y Z R G B Nx Ny Nz", "1 2 3 9 8 7 0 0 1", [0, 0, 1], [9, 8, 7], None),
        (",x,y,z", "0,1,2,3", None, None, None),
        ("id,class,z,y,x", "77,4,3,2,1", None, None, 4),
        ("x, y, z, intensity", "1, 2, 3, 0.5", None, [0.5] * 3, None),
        ("x,y,z,intensity,r,g,b", "1,2,3,99,9,8,7", None, [9, 8, 7], None),
    ],
)
@each_text
def test_first_line_of_names(
    suffix: str, header: str, row: str, normals: list, colors: list, labels: int, tmp_path: Path
) -> None:
    cloud = read_cloud(put(tmp_path / f"a{suffix}", f"# written by hand\n{header}\n{row}\n"))
    assert cloud.points.tolist() == [[1, 2, 3]]
    assert (None if cloud.normals is None else cloud.normals[0].tolist()) == normals
    assert (None if cloud.colors is None else cloud.colors[0].tolist()) == colors
    assert (None if cloud.labels is None else cloud.labels.item()) == labels


def test_names_of_other_programs_are_replaced(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", '"Points:0","Points:1","Points:2","Mass"\n1,2,3,9\n')
    with pytest.raises(ReadError, match=r"the columns \['Points:0'"):
        read_cloud(path)
    assert read_cloud(path, columns="x y z _").points.tolist() == [[1, 2, 3]]


def test_a_missing_intensity_is_no_bad_point(tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "a.csv", "x,y,z,intensity\n1,2,3,nan\n4,5,6,7\n"))
    assert (len(cloud), cloud.colors, cloud.dropped) == (2, None, 0)
    path = put(tmp_path / "a.csv", "x,y,z,intensity\nnan,2,3,nan\n4,5,6,7.5\n")
    assert read_cloud(path, drop_bad=True).colors.tolist() == [[7.5] * 3]


def test_names_that_do_not_fit(tmp_path: Path) -> None:
    for text, message in (
        ("a,b,c\n1,2,3\n", r"it has the columns \['a', 'b', 'c'\]; expected x, y and z"),
        ("x,y,z\n1,2,3,4\n", "it has 4 columns and names for 3"),
        ("x,y,z\n", "there is no line of numbers"),
        ("x,y,z\n1,2\n3,4,5\n", "number of columns changed"),
        ("x,y,z\n1,b,3\n", "could not convert"),
    ):
        with pytest.raises(ReadError, match=rf"a\.csv: .*{message}"):
            read_cloud(put(tmp_path / "a.csv", text))
    with pytest.raises(ReadError, match="it has 3 columns and names for 2"):
        read_cloud(put(tmp_path / "a.csv", "1,2,3\n"), columns="x y")
    with pytest.raises(ValueError, match=r"columns must be None for '\.ply', received "):
        read_cloud(tmp_path / "a.ply", columns="x y z")


@each_text
def test_number_of_points_in_the_first_line(suffix: str, tmp_path: Path) -> None:
    assert len(read_cloud(put(tmp_path / f"a{suffix}", "2\n0 0 0\n1 1 1\n"))) == 2
    with pytest.raises(ReadError, match="it promises 3 points and has 2"):
        read_cloud(put(tmp_path / f"a{suffix}", "3\n0 0 0\n1 1 1\n"))


def test_pts_of_scanners(tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "a.pts", "2\n0 0 0 -1024\n1 1 1 500\n"))
    assert cloud.colors.tolist() == [[-1024] * 3, [500] * 3]
    cloud = read_cloud(put(tmp_path / "a.pts", "1\n0 0 0 -1024 9 8 7\n"))
    assert (cloud.colors.tolist(), cloud.colors.dtype) == ([[9, 8, 7]], torch.uint8)
    assert read_cloud(put(tmp_path / "a.pts", "0 0 0\n")).colors is None
    with pytest.raises(ReadError, match="it has 4 columns"):
        read_cloud(put(tmp_path / "a.xyz", "0 0 0 -1024\n"))


def ply_text(*names: str, kind: str = "uchar") -> str:
    extra = "".join(f"property {kind} {name}\n" for name in names)
    xyz = "".join(f"property float {c}\n" for c in "xyz")
    values = " ".join(str(i) for i in range(len(names)))
    return f"ply\nformat ascii 1.0\nelement vertex 1\n{xyz}{extra}end_header\n7 8 9 {values}\n"


@pytest.mark.parametrize(
    "names", ["red green blue", "r g b", "diffuse_red diffuse_green diffuse_blue", "Red Green Blue"]
)
def test_names_of_ply_colours(names: str, tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "a.ply", ply_text(*names.split(), "alpha")))
    assert (cloud.colors.tolist(), cloud.colors.dtype) == ([[0, 1, 2]], torch.uint8)
    assert cloud.points.tolist() == [[7, 8, 9]]


@pytest.mark.parametrize("names", ["nx ny nz", "normal_x normal_y normal_z", "n_x n_y n_z", "NX NY NZ"])
def test_names_of_ply_normals(names: str, tmp_path: Path) -> None:
    cloud = read_cloud(put(tmp_path / "a.ply", ply_text("scale", *names.split(), kind="float")))
    assert cloud.normals.tolist() == [[1, 2, 3]]
    assert cloud.colors is None


def test_labels_and_intensity_of_ply(tmp_path: Path) -> None:
    assert read_cloud(put(tmp_path / "a.ply", ply_text("q", "label"))).labels.tolist() == [1]
    assert read_cloud(put(tmp_path / "a.ply", ply_text("q", "intensity", kind="float"))).colors.tolist() == [
        [1, 1, 1]
    ]


@pytest.mark.parametrize("kind", ["F", "U"])
@pytest.mark.parametrize("name", ["rgb", "rgba"])
def test_packed_colours_of_pcd(kind: str, name: str, tmp_path: Path) -> None:
    header = (
        f"FIELDS x y z {name} label\nSIZE 4 4 4 4 4\nTYPE F F F {kind} U\nWIDTH 2\nHEIGHT 1\nDATA binary\n"
    )
    rows = np.zeros(2, [("p", "<f4", 3), ("c", "<u4"), ("l", "<u4")])
    rows["c"], rows["l"] = [0xFF800000 | 0xFF8000, 0x0CC807], [4, 5]
    cloud = read_cloud(put(tmp_path / "a.pcd", header.encode() + rows.tobytes()))
    assert (cloud.colors.tolist(), cloud.colors.dtype) == (RGB, torch.uint8)
    assert cloud.labels.tolist() == [4, 5]


@pytest.mark.parametrize(
    ("header", "extra", "normals", "colors"),
    [
        ("COFF", "255 128 0 255", None, [255, 128, 0]),
        ("COFF", "255 128 0", None, [255, 128, 0]),
        ("COFF", "0.5 0.25 1.0 1.0", None, [0.5, 0.25, 1]),
        ("OFF", "255 128 0", None, [255, 128, 0]),
        ("OFF", "255 128 0 255", None, [255, 128, 0]),
        ("OFF", "0.1", None, None),
        ("NOFF", "0 0 1", [0, 0, 1], None),
        ("CNOFF", "0 0 1 255 128 0 255", [0, 0, 1], [255, 128, 0]),
        ("STOFF", "0.5 0.5", None, None),
        ("STCNOFF", "0 0 1 255 128 0 255 0.5 0.5", [0, 0, 1], [255, 128, 0]),
        ("STNOFF", "0 0 1 0.5 0.5", [0, 0, 1], None),
    ],
)
@pytest.mark.parametrize("glue", ["\n", " "])
def test_off_headers(header: str, extra: str, normals: list, colors: list, glue: str, tmp_path: Path) -> None:
    body = "".join(f"{p} {extra}\n" for p in ("0 0 0", "1 0 0", "0 1 0"))
    path = put(tmp_path / "a.off", f"{header}{glue}3 1 0\n{body}3 0 1 2 9 9 9\n")
    mesh, cloud, drawn = read_mesh(path), read_cloud(path), read_cloud(path, n_points=5)
    assert mesh.faces.tolist() == [[0, 1, 2]]
    assert cloud.points.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert (None if cloud.normals is None else cloud.normals[1].tolist()) == normals
    assert (None if cloud.colors is None else cloud.colors[1].tolist()) == colors
    assert drawn.normals.tolist() == [[0, 0, 1]] * 5
    assert (None if drawn.colors is None else drawn.colors[1].tolist()) == (colors and pytest.approx(colors))


def test_off_headers_that_are_not_served(tmp_path: Path) -> None:
    for text, message in (
        ("OFF BINARY\n1 0 0\n", "it is 'OFF BINARY'; expected text"),
        ("4OFF\n1 0 0\n0 0 0 1\n", "it is '4OFF'; expected text, and vertices in 3-D"),
        ("NOFF\n1 0 0\n0 0 0\n", "3 numbers a vertex"),
        ("COFF\n1 0 0\n0 0 0 1\n", "4 numbers a vertex"),
        ("XOFF\n1 0 0\n0 0 0\n", "it starts with 'XOFF'"),
    ):
        with pytest.raises(ReadError, match=message):
            read_mesh(put(tmp_path / "a.off", text))


def test_colours_of_meshes_are_interpolated(tmp_path: Path) -> None:
    text = "v 0 0 0 0 0 0\nv 1 0 0 1 0 0\nv 0 1 0 0 1 0\nf 1 2 3\n"
    cloud = read_cloud(put(tmp_path / "a.obj", text), n_points=50)
    np.testing.assert_allclose(cloud.colors[:, :2], cloud.points[:, :2], atol=1e-6)
    eight = read_cloud(put(tmp_path / "a.obj", text.replace(" 1 0 0\nv 0", " 200 0 0\nv 0")), n_points=50)
    assert eight.colors.dtype == torch.uint8
    np.testing.assert_allclose(eight.colors[:, 0], 200 * eight.points[:, 0], atol=0.51)


def test_obj_vertices_with_more_than_coordinates(tmp_path: Path) -> None:
    for extra, colors in (("1.0", None), (".5 .25 1", [0.5, 0.25, 1]), (".5 .25 1 .1", [0.5, 0.25, 1])):
        cloud = read_cloud(put(tmp_path / "a.obj", f"v 1 2 3 {extra}\n"))
        assert cloud.points.tolist() == [[1, 2, 3]]
        assert (None if cloud.colors is None else cloud.colors[0].tolist()) == colors
    assert read_cloud(put(tmp_path / "a.obj", "v 1 2 3 1 0 0\nv 1 2 3\n")).colors is None
