"""What a printer does to plain text: quotation marks, minus signs, powers of ten, what stays together on a line."""

import re

FIXED = "\N{NO-BREAK SPACE}"
ASIDE = r"`[^`]+`|\$[^$]+\$"  # code and mathematics, which stay as they are
EQUALS = re.compile(r"(?<=\w) = (?=[+−]?\d)")
SPACE_BEFORE_A_UNIT = re.compile(r"(?<=\d) (?=(?:%|[mn]?s|min|[kMGT]i?B|dB)(?!\w))")
TIMES = re.compile(r" x (?=\d)|(?<=\d) × (?=\d)")
# In the head of a column: "EMD × 100", "COV, %".
BEFORE_A_FACTOR = re.compile(r"(?<= ×) (?=\d)|(?<=,) (?=%)")
BEHIND_A_SIGN = re.compile(r"(?<=±)\s(?=\d|\Z)")
KINDS = r"Tables?|Figs?\.|Figures?|Exercises?|Sections?|Secs?\.|Chapters?|[Aa]ppendix|Eqs?\."
REFERENCE = re.compile(rf"\b({KINDS}) (?=\d|[A-Z](?:\.|\b)|[IVX]+\b)")
# The hyphen of a number, not of a name or a date.
HYPHEN = re.compile(r"(?<![\w.-])(?<!\w\[)-(?=\d)|(?<=\de)-(?=\d)")
POWER_OF_TEN = re.compile(r"(?<![\w.])(?P<factor>\d+(?:\.\d+)?)e\+?(?P<sign>−?)0*(?P<power>\d+)(?!\w)")
EXPONENT = re.compile(r"(?<=[\w\])])\^([+−]?\d+)(?!\w|\.\d)")
RAISED = str.maketrans("0123456789+−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
# An interval: "(-3 to +1)", "[0.5, 2]".
SPACE_IN_AN_INTERVAL = re.compile(
    r"(?<=\d) (?=to [+−]\d)|(?<=\d to) (?=[+−]\d)|(?<=\d,) (?=[+−]?\d[\d.,]*\])"
)
# A mark opens at the start or after what a quotation can follow, if something follows it.
QUOTES = re.compile(rf"{ASIDE}|(?P<opening>(?<![^\s([{{/–—-])['\"]+(?![\s,.;:)\]'\"]|\Z))|['\"]+")
OPENING = str.maketrans({"'": "\N{LEFT SINGLE QUOTATION MARK}", '"': "\N{LEFT DOUBLE QUOTATION MARK}"})
CLOSING = str.maketrans({"'": "\N{RIGHT SINGLE QUOTATION MARK}", '"': "\N{RIGHT DOUBLE QUOTATION MARK}"})
NAME = re.compile(
    r"((?<![\w-])(?:(?:[A-Z0-9]{1,3}|[klrt])-(?=\w*[A-Z])\w{1,5}(?:-(?:CD|EMD))?|k-d|EM-kD|\d{4}-\d\d-\d\d)(?![\w-]))"
)


def typeset(text: str) -> str:
    """Plain text with the signs of a printer, as the figures and tables of this module set all their words.

    Typographic quotation marks, minus and times signs, powers of ten and raised whole exponents; no break before a
    unit, behind ±, in "k = 3", "Table 3" and an interval. Code in backquotes and `$...$` stay as they are. Setting a
    text twice changes nothing more.

    - `text`: of one line or several.

    Result: the text, with more or fewer characters but without markup. Errors: none. Cost: one pass for each sign.

    >>> typeset('''the book's "-2 %" of $x'$ (see 'here'), not `b["k"]`''')
    'the book’s “−2\\xa0%” of $x\\'$ (see ‘here’), not `b["k"]`'
    >>> typeset("-2 (-3 to +1), 1.5 [1.2, 1.7]")
    '−2 (−3\\xa0to\\xa0+1), 1.5 [1.2,\\xa01.7]'
    >>> typeset("8 x 512 points in [-1, 1]^3, x = 3")
    '8\\xa0×\\xa0512 points in [−1,\\xa01]³, x\\xa0=\\xa03'
    >>> typeset("1e-8 to 6e-06 % of 1.2e+04; EM-kD on 2026-11-21")
    '10⁻⁸ to 6\\xa0×\\xa010⁻⁶\\xa0% of 1.2\\xa0×\\xa010⁴; EM-kD on 2026-11-21'
    """
    parts = re.split(f"({ASIDE})", QUOTES.sub(_marked, text))
    parts[::2] = map(_set, parts[::2])
    return "".join(parts)


def names_apart(text: str) -> list[str]:
    """Plain text in pieces, every second one a short name or a date whose hyphen should end no line.

    - `text`: of one line or several.

    Result: an odd number of pieces, which make the text again. Errors: none. Cost: one pass.

    >>> names_apart("the k-NN of EM-kD, re-used")
    ['the ', 'k-NN', ' of ', 'EM-kD', ', re-used']
    """
    return NAME.split(text)


def unbroken(html: str) -> str:
    """HTML of text in which the hyphen of a short name or a date ends no line; a search finds it as before.

    >>> unbroken("k-NN, re-used on 2026-11-21")
    '<span style="white-space:nowrap">k-NN</span>, re-used on <span style="white-space:nowrap">2026-11-21</span>'
    """
    pieces = names_apart(html)
    pieces[1::2] = [f'<span style="white-space:nowrap">{name}</span>' for name in pieces[1::2]]
    return "".join(pieces)


def _set(part: str) -> str:
    part = TIMES.sub(f"{FIXED}\N{MULTIPLICATION SIGN}{FIXED}", HYPHEN.sub("\N{MINUS SIGN}", part))
    part = EXPONENT.sub(lambda found: found[1].translate(RAISED), EQUALS.sub(f"{FIXED}={FIXED}", part))
    part = SPACE_IN_AN_INTERVAL.sub(
        FIXED, BEFORE_A_FACTOR.sub(FIXED, BEHIND_A_SIGN.sub(FIXED, SPACE_BEFORE_A_UNIT.sub(FIXED, part)))
    )
    part = REFERENCE.sub(rf"\g<1>{FIXED}", part)
    return POWER_OF_TEN.sub(_power_of_ten, part)


def _power_of_ten(found: re.Match[str]) -> str:
    power = f"10{(found['sign'] + found['power']).translate(RAISED)}"
    return (
        power if found["factor"] == "1" else f"{found['factor']}{FIXED}\N{MULTIPLICATION SIGN}{FIXED}{power}"
    )


def _marked(found: re.Match[str]) -> str:
    if found[0][0] in "`$":
        return found[0]
    return found[0].translate(CLOSING if found["opening"] is None else OPENING)
