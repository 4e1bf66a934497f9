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


def prose(page: Path) -> str:
    """A page without its cells and code words."""
    text = re.sub(r"^(`{3,})\{code-cell\}.*?^\1$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"`[^`\n]+`", " ", text)


def listed(page: str, tables: str = SYMBOLS) -> set[str]:
    """What a page may use: the first table is for all pages, each further one for those that its section names."""
    general, *parts = re.split(r"^### ", tables, flags=re.M)
    own = [part for part in parts if re.search(rf"\]\((?:[\w./-]*/)?{re.escape(page)}\.md\)", part)]
    maths = re.findall(r"\$([^$]+)\$", "\n".join([general, *own]))
    return set().union(*map(symbols, maths))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_symbol_of_a_display_is_listed(page):
    found = formulas(page)
    assert found
    assert set().union(*map(symbols, found)) - BOUND <= listed(page.stem)


def test_a_symbol_of_another_page_is_none_of_this_one():
    tables = (
        "| $P$ |\n### One\nIn [](../a/one.md):\n| $x$ |\n### Two\nIn [](two.md), [](other-one.md):\n| $y$ |\n"
    )
    assert listed("one", tables) == {"P", "x"}
    assert listed("other-one", tables) == {"P", "y"}
    assert listed("none", tables) == {"P"}


def test_each_symbol_is_used():
    texts = [prose(page) for page in checks.sources(ROOT / "book") if page.stem != "notation"]
    maths = [formula for text in texts for formula in re.findall(r"\$+([^$]+)\$+", text)]
    unused = set().union(*map(symbols, re.findall(r"\$([^$]+)\$", SYMBOLS))) - set().union(
        *map(symbols, maths)
    )
    assert not unused


def test_no_symbol_is_listed_twice_in_a_table():
    for part in re.split(r"^### ", SYMBOLS, flags=re.M):
        rows = re.findall(r"^\| (\$[^|]*?\$) \|", part, re.M)
        assert rows
        assert len(rows) == len(set(rows))


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


TERMS = re.findall(r"^(\w.*)\n  \S", NOTATION[NOTATION.index(":::{glossary}") :], re.M)


def test_the_glossary_is_in_order_and_says_each_term_once():
    assert len(TERMS) > 50
    assert sorted(TERMS, key=str.lower) == TERMS
    assert len({term.lower() for term in TERMS}) == len(TERMS)


def without_page(terms: list[str], text: str) -> list[str]:
    """Words that no page uses, in the singular or the plural; "encoder, decoder" are two of them."""
    words = [word.strip() for term in terms for word in term.split(",")]
    flat = " ".join(text.split()).lower()
    ending = r"(?:e?s)?(?![\w-])"
    return [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word.lower())}{ending}", flat)]


def test_each_term_of_the_glossary_is_used():
    pages = [page for page in checks.sources(ROOT / "book") if page.stem not in ("notation", "changelog")]
    assert without_page(TERMS, "\n".join(map(prose, pages))) == []


def test_a_term_that_no_page_uses_is_found():
    text = "Two encoders, and a k-d\ntree; blurred."
    assert without_page(["encoder, decoder", "k-d tree", "blur"], text) == ["decoder", "blur"]
