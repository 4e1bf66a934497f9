"""The style sheet's own colours are readable (WCAG 2.2 AA: 4.5 to 1), in both themes."""

import re
from pathlib import Path

import pytest
from matplotlib.colors import to_rgb, to_rgba

CSS = (Path(__file__).resolve().parents[2] / "book" / "_static" / "book.css").read_text(encoding="utf-8")
THEMES = {
    "light": (re.search(r":root \{(.*?)\}", CSS, re.S), "#ffffff"),
    "dark": (re.search(r'html\[data-theme="dark"\] \{(.*?)\}', CSS, re.S), "#121212"),
}


def luminance(colour: str | tuple[float, ...]) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a: str | tuple[float, ...], b: str | tuple[float, ...]) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def over(colour: str, page: str) -> tuple[float, ...]:
    """What a colour that lets the page through looks like."""
    *rgb, alpha = to_rgba(colour)
    return tuple(alpha * c + (1 - alpha) * p for c, p in zip(rgb, to_rgb(page), strict=True))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["muted", "blue", "red", "green", "purple"])
def test_words_can_be_read(theme, name):
    block, page = THEMES[theme]
    colours = dict(re.findall(r"--pcl-(\w+): (#\w{6}(?:\w\w)?);", block[1]))
    for ground in (page, colours["soft"], over(colours["ours"], page)):
        assert contrast(colours[name], ground) >= 4.5, (name, ground)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
