"""The page of notation has each symbol of a displayed formula, and its glossary is in order."""

import re
from pathlib import Path

import pytest

from tests.book import checks

ROOT = Path(__file__).resolve().parents[2]
NOTATION = (ROOT / "book" / "appendix" / "notation.md").read_text(encoding="utf-8")
SYMBOLS = NOTATION[: NOTATION.index("## Glossary")]
PAGES = [p for p in checks.sources(ROOT / "book") if "\n$$" in p.read_text(encoding="utf-8")]
# Letters that count or name within one formula, and functions that everybody knows.
BOUND = set("bijkemn") | {r"\pi"}
NAMES = re.compile(r"\\(?:text|mathrm|operatorname|textstyle|begin|end)\{[^{}]*\}")
GREEK = re.compile(
    r"\\(?:var)?(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi|chi|psi|omega"
    r"|Gamma|Delta|Lambda|Sigma|Phi|Psi|Omega)(?![a-zA-Z])"
)


def symbols(formula: str) -> set[str]:
    """Greek letters, and single Latin ones; words such as EMD are names, not products of letters."""
    plain = NAMES.sub(" ", formula)
    greek = set(GREEK.findall(plain))
    latin = re.sub(r"\\[a-zA-Z]+|[A-Za-z]{2,}", " ", plain)
    return greek | set(re.findall(r"[A-Za-z]", latin))


def formulas(page: Path) -> list[str]:
    text = re.sub(r"^(`{3,})\{code-cell\}.*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.findall(r"^\$\$(.+?)\$\$", text, re.M | re.S)


LISTED = set().union(*(symbols(formula) for formula in re.findall(r"\$([^$]+)\$", SYMBOLS)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_symbol_of_a_display_is_listed(page):
    found = formulas(page)
    assert found
    assert set().union(*map(symbols, found)) - BOUND <= LISTED


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{1}{N} \sum_{i} \alpha d_i", {"N", "i", r"\alpha", "d"}),
        (r"d_{EMD} + \mathrm{KL}(T)", {"d", "T"}),
        (r"OT_\varepsilon \text{ for } \omega", {r"\varepsilon", r"\omega"}),
    ],
)
def test_symbols_of_a_formula(formula, expected):
    assert symbols(formula) == expected


def test_the_glossary_is_in_order_and_says_each_term_once():
    body = NOTATION[NOTATION.index(":::{glossary}") :]
    terms = re.findall(r"^(\w.*)\n  \S", body, re.M)
    assert len(terms) > 50
    assert terms == sorted(terms, key=str.lower)
    assert len({term.lower() for term in terms}) == len(terms)
