"""The signs of a printer, in the words of figures, tables and pages."""

import pytest

from pcl_lib import viz

FIXED = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-0.5", "−0.5"),
        ("-2 to -1", "−2_to_−1"),
        ("k-2, EM-kD, - no, on 2026-11-21", "k-2, EM-kD, - no, on 2026-11-21"),
        ("1e-8, 1.0e-8, 4e-08 %", "10⁻⁸, 1.0_×_10⁻⁸, 4_×_10⁻⁸_%"),
        ("5e6 or 5e+06; 1e6x, v1e5", "5_×_10⁶ or 5_×_10⁶; 1e6x, v1e5"),
        ("[-1, 1]^3, d^2, 10^-5, (a + b)^+2", "[−1,_1]³, d², 10⁻⁵, (a + b)⁺²"),
        ("EMD × 100, COV, %, 8 × 8", "EMD ×_100, COV,_%, 8_×_8"),
        (
            "1.5 ± 0.2, Table 3, Figs. 3, 4, Fig. A.3, Table IV",
            "1.5 ±_0.2, Table_3, Figs._3, 4, Fig._A.3, Table_IV",
        ),
        ("37 ± ", "37 ±_"),
        ("within ± 5 %, widths[-1], appendix E", "within ±_5_%, widths[-1], appendix_E"),
        ("Tables of 3, the Figure", "Tables of 3, the Figure"),
        ("n^lambda, N^0.5, ^2", "n^lambda, N^0.5, ^2"),
        ("`x^2 = -1` and $x^2 = -1$", "`x^2 = -1` and $x^2 = -1$"),
    ],
)
def test_numbers_are_set_and_code_is_not(text, shown):
    assert viz.typeset(text) == shown.replace("_", FIXED)


@pytest.mark.parametrize("text", ["\"a 'b'\" is -2 %", "1e-8 of 8 x 2,048", "k = 3 [0.5, -2]", "x^-2"])
def test_what_is_set_stays(text):
    once = viz.typeset(text)
    assert viz.typeset(once) == once != text
