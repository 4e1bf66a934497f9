"""Tables of results."""

import numpy as np
import pytest
import torch

from pcl_lib import viz
from pcl_lib.viz._numbers import cell_text
from tests.viz.html import parse

ROWS = [["Chamfer", 12.345, None, [1.0, 2.0, 3.0]], ["HyperCD", 11.3, 11.4, torch.tensor([1.0, 1.0, 4.0])]]
COLUMNS = {"loss": "", "CD": "paper", "CD again": "code", "our CD": "ours"}


def test_each_column_says_where_it_comes_from():
    table = viz.table(ROWS, columns=COLUMNS, caption="Completion, $d^2$", device="2 cores", date="2026-01-02")
    page = parse(table.html)
    heads = page.select("thead th")
    assert [head.text for head in heads] == ["loss", "CDpaper", "CD againreleased code", "our CDthis book"]
    assert all(head["scope"] == "col" for head in heads)
    assert [cell["scope"] for cell in page.select("tbody th")] == ["row", "row"]
    assert [cell.text for cell in page.select("tbody tr:first-child > *")] == [
        "Chamfer",
        "12.3",
        "–",
        "2.00 ±\N{NO-BREAK SPACE}1.00",
    ]
    assert [cell["class"] for cell in page.select("tbody tr:first-child td")] == [
        ["pcl-paper", "pcl-number"],
        ["pcl-code", "pcl-number"],
        ["pcl-ours", "pcl-number"],
    ]
    assert page.figcaption.text == "Completion, \\(d^2\\)"
    assert page.select_one(".pcl-facts").text == "Device: 2 cores · Date: 2026-01-02"


def test_it_scrolls_and_the_scrolling_part_has_a_name():
    region = parse(viz.table(ROWS, columns=COLUMNS, caption="Completion").html).select_one("[role=region]")
    assert region["tabindex"] == "0"
    assert region["aria-label"] == "Completion"
    assert "overflow-x:auto" in region["style"]


def test_rows_may_be_mappings_and_the_text_form_is_whole():
    by_name = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
    del by_name[0]["CD again"]
    table = viz.table(by_name, columns=COLUMNS, caption="Completion")
    assert table.html == viz.table(ROWS, columns=COLUMNS, caption="Completion").html
    assert str(table).splitlines()[2] == "Chamfer | 12.3 | – | 2.00 ± 1.00"


def test_plain_columns_have_no_mark():
    page = parse(viz.table([["a", "see text"]], columns=["name", "note"], caption="Notes").html)
    assert page.select(".pcl-kind") == []
    assert page.select(".pcl-number") == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("31.85", True),
        ("-2 ± 0.1", True),
        ("97 ± 2 %", True),
        ("1.0e-05", True),
        ("< 0.0001", True),
        ("1000 (a + b)", False),
        ("3D", False),
    ],
)
def test_only_numbers_stand_right(text, number):
    cell = parse(viz.table([["a", text]], columns=["a", "b"], caption="c").html).select_one("tbody td")
    assert ("pcl-number" in cell["class"]) == number


def test_numbers_have_a_minus_sign_and_names_a_hyphen():
    table = viz.table(
        [["EM-kD", -0.5, [-1.0, -3.0], "-2 %", 1e-7, "by -2 (-3 to -1) on 2026-11-21"]],
        columns=list("abcdef"),
        caption="In [-1, 1], not `x[-1]`",
    )
    page = parse(table.html)
    cells = [cell.text for cell in page.select("tbody tr > *")]
    words = "by −2 (−3 to −1) on 2026-11-21".replace(" to ", "\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}")
    power = "1.00 × 10⁻⁷".replace(" ", "\N{NO-BREAK SPACE}")
    assert cells == [
        "EM-kD",
        "−0.500",
        "−2.00 ±\N{NO-BREAK SPACE}1.41",
        "−2\N{NO-BREAK SPACE}%",
        power,
        words,
    ]
    assert page.figcaption.text == "In [−1,\N{NO-BREAK SPACE}1], not x[-1]"
    assert "EM-kD | -0.500" in str(table)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\"a 'b'\" and 'c'", "“a ‘b’” and ‘c’"),
        ("the book's, its shapes'", "the book’s, its shapes’"),
        ('"converge[s]" ("so"), x-"y"', "“converge[s]” (“so”), x-“y”"),
        ('"-" or "–"', "“-” or “–”"),
        ('"$x$ is" of `f("a")`\'s', '“\\(x\\) is” of f("a")’s'),
        ("$x'$ and $y'$", "\\(x'\\) and \\(y'\\)"),
        ("3 dB, 5 MiB in 2 steps", "3\N{NO-BREAK SPACE}dB, 5\N{NO-BREAK SPACE}MiB in 2 steps"),
        ("`3 %`", "3 %"),
        ("2 to 3, 2 to +3", "2 to 3, 2\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}+3"),
        ("EMD x 100, 8 x 2,048, x and y", "EMD_×_100, 8_×_2,048, x and y".replace("_", "\N{NO-BREAK SPACE}")),
        ("1.5 [1.2, 1,700]", "1.5 [1.2,\N{NO-BREAK SPACE}1,700]"),
    ],
)
def test_the_words_of_a_page_are_typeset_and_those_of_the_text_form_plain(text, shown):
    table = viz.table([["a", text]], columns=["a", "b"], caption=text)
    page = parse(table.html)
    assert page.figcaption.text == shown
    assert page.select_one("tbody td").text == shown
    assert str(table).splitlines()[2] == f"a | {text}"


def test_short_names_and_dates_are_not_broken_at_their_hyphen():
    page = parse(
        viz.table([["D-PCC", "1-NNA, k-NN re-used on 2026-11-21"]], columns=["a", "b"], caption="c").html
    )
    assert [span.text for span in page.find_all("span")] == ["D-PCC", "1-NNA", "k-NN", "2026-11-21"]
    assert {span["style"] for span in page.find_all("span")} == {"white-space:nowrap"}


def test_a_column_stands_right_if_all_of_it_are_numbers():
    rows = [["a", 1.0, "yes"], ["b", None, None], ["c", 2.0, "no"]]
    page = parse(viz.table(rows, columns=["name", "value", "so"], caption="c").html)
    right = [["pcl-number" in cell["class"] for cell in row.select("th, td")] for row in page.select("tr")]
    assert right == [[False, True, False]] * 4


def test_text_is_escaped():
    page = parse(viz.table([["<b>", "1 < 2 `a<b`"]], columns=["<i>", "b"], caption="a <u>").html)
    assert page.find(["b", "i", "u"]) is None
    assert page.select_one("tbody td").text == "1 < 2 a<b"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3, "3"),
        (np.int64(3), "3"),
        (0.0, "0.00"),
        (-0.5, "-0.500"),
        (99.96, "100.0"),
        (1234.5, "1,234"),
        (1e-7, "1.00e-07"),
        (12345678.0, "1.23e+07"),
        (float("nan"), "nan"),
        (torch.tensor(2.5, requires_grad=True), "2.50"),
        (np.array([2.5]), "2.50"),
        (True, "yes"),
        ([0.001, 0.003], "0.00200 ± 0.00141"),
        ([1e-7, 3e-7], "2.00e-07 ± 1.4e-07"),
    ],
)
def test_numbers_have_their_significant_digits(cell, text):
    assert cell_text(cell) == text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": [["a", 1.0]]}, r"rows\[0\] has 2 cells for 4 columns"),
        ({"rows": [{"lose": "a"}]}, r"rows\[0\] has cells for \['lose'\]"),
        ({"rows": [["a", np.zeros((2, 2)), None, None]]}, "a cell is text"),
        ({"rows": [["a", [], None, None]]}, "a cell is text"),
        ({"columns": {"loss": "theirs"}}, "must be one of"),
        ({"columns": []}, "at least one"),
        ({"columns": ["a", "a"]}, "different headers"),
        ({"caption": ""}, "caption is empty"),
    ],
)
def test_errors_say_what_is_wrong(change, message):
    arguments = {"rows": ROWS, "columns": COLUMNS, "caption": "Completion", **change}
    with pytest.raises(ValueError, match=message):
        viz.table(arguments.pop("rows"), **arguments)
