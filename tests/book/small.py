"""A book of a few small pages with this project's own configuration, for the tests of the tools that build it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
HEADER = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A chapter

:::{chapter-box}
You can **count**.
:::

"""


def cell(code: str, *tags: str) -> str:
    head = f":tags: [{', '.join(tags)}]\n\n" if tags else ""
    return f"```{{code-cell}} ipython3\n{head}{code}\n```\n"


class Book:
    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder / "source", folder / "output"
        self.cache = self.output / "_build"
        (self.folder / "book").mkdir(parents=True)
        config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
        config["sphinx"]["local_extensions"] = dict.fromkeys(config["sphinx"]["local_extensions"], str(ROOT))
        config["sphinx"]["config"]["html_static_path"] = [str(ROOT / "book" / "_static")]
        config["logo"] = config["html"]["favicon"] = str(ROOT / "book" / "_static" / "logo.svg")
        config["bibtex_bibfiles"] = [str(ROOT / "pcl_lib" / "references.bib")]
        self.config = config
        self.limit(60)

    def limit(self, seconds: int) -> None:
        self.config["execute"]["timeout"] = seconds
        (self.folder / "_config.yml").write_text(yaml.safe_dump(self.config))

    def write(self, *parts: str, page: str = "page", counts: bool = True) -> None:
        """A page; its first cell, if it `counts`, notes that it ran."""
        counter = (
            f"from pathlib import Path\nwith Path('{page}.runs').open('a') as runs:\n    _ = runs.write('x')"
        )
        text = HEADER + "\n".join([cell(counter), *parts] if counts else parts)
        (self.folder / "book" / f"{page}.md").write_text(text)
        first, *others = sorted(p.stem for p in (self.folder / "book").glob("*.md"))
        toc = {"format": "jb-book", "root": f"book/{first}"}
        toc |= {"chapters": [{"file": f"book/{name}"} for name in others]} if others else {}
        (self.folder / "_toc.yml").write_text(yaml.safe_dump(toc))

    def build(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*options), cwd=ROOT, capture_output=True, text=True)

    def command(self, *options: str) -> list[str]:
        command = [sys.executable, "-m", "book._tools.build", "--source", str(self.folder)]
        return [*command, "--output", str(self.output), *options]

    def runs(self, page: str = "page") -> int:
        path = self.folder / "book" / f"{page}.runs"
        return len(path.read_text()) if path.is_file() else 0

    def page(self, page: str = "page") -> str:
        return (self.cache / "html" / "book" / f"{page}.html").read_text(encoding="utf-8")
