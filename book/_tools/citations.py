"""Citations as text, for notebooks: "Author et al. (year)", and the list of references at their foot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from string import ascii_lowercase

from pybtex.database import Entry, Person, parse_file
from pybtex.richtext import Text

MOST_NAMES = 10
"""A list of references names so many authors, then "et al."."""
OTHERS = "others"
"""How BibTeX writes that a list of authors goes on."""
VENUES = ("journal", "booktitle", "publisher", "school", "institution", "howpublished", "note")


class Bibliography:
    """The entries of a BibTeX file. Two papers of the same names and year are told apart by a letter."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = dict(parse_file(str(path)).entries)
        names = {key: (self._names(key), self._field(key, "year")) for key in self.entries}
        several, seen = Counter(names.values()), Counter[tuple[str, str]]()
        self._years = {}
        for key, named in names.items():
            letter = ascii_lowercase[seen[named]] if several[named] > 1 else ""
            seen[named] += 1
            self._years[key] = named[1] + letter

    def textual(self, keys: Iterable[str]) -> str:
        """Papers as words of a sentence: "Huang et al. (2023)"."""
        return " and ".join(self._linked(key, self.short(key, textual=True)) for key in self._known(keys))

    def parenthetical(self, keys: Iterable[str]) -> str:
        """Papers behind a statement: "(Huang et al., 2023; Lin et al., 2024)"."""
        found = [self._linked(key, self.short(key, textual=False)) for key in self._known(keys)]
        return f"({'; '.join(found)})"

    def reference(self, key: str) -> str:
        """A line of the list of references, with the address where one is known."""
        people, title, venue, url = self.parts(key)
        return " ".join(filter(None, [people, f"*{title}*" + full_stop(title), venue, url and f"<{url}>"]))

    def parts(self, key: str) -> tuple[str, str, str, str | None]:
        """What a list of references says of a paper: who and when, its title, where, and its address."""
        entry = self.entries[key]
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        named = [person for person in people if str(person) != OTHERS]
        names = [_full_name(person) for person in named[:MOST_NAMES]]
        if len(named) > MOST_NAMES or len(named) < len(people):
            names.append("et al.")
        venues = [f"{venue}." for name in VENUES if (venue := self._field(key, name))][:1]
        who = f"{', '.join(names)} ({self._year(key)})."
        return who, self._field(key, "title"), " ".join(venues), self.address(key)

    def in_order(self, keys: Iterable[str]) -> list[str]:
        """As a list of references has them: by names, then by year."""
        return sorted(set(keys), key=lambda key: (self.parts(key)[0].casefold(), self._field(key, "title")))

    def short(self, key: str, *, textual: bool) -> str:
        """How a sentence names a paper: "Huang et al. (2023)", or within brackets "Huang et al., 2023"."""
        year = self._year(key)
        return f"{self._names(key)} ({year})" if textual else f"{self._names(key)}, {year}"

    def address(self, key: str) -> str | None:
        fields = self.entries[key].fields
        if "doi" in fields:
            return "https://doi.org/" + fields["doi"].removeprefix("https://doi.org/")
        if "url" in fields:
            return str(fields["url"])
        if "eprint" in fields and fields.get("archiveprefix", "arXiv").lower() == "arxiv":
            return f"https://arxiv.org/abs/{fields['eprint']}"
        return None

    def _known(self, keys: Iterable[str]) -> list[str]:
        keys = list(keys)
        for key in keys:
            if key not in self.entries:
                raise KeyError(
                    f"a citation must be in {self.path.name}, received {key!r}; add its entry there"
                )
        return keys

    def _linked(self, key: str, text: str) -> str:
        url = self.address(key)
        return f"[{text}]({url})" if url else text

    def _year(self, key: str) -> str:
        return self._years[key]

    def _field(self, key: str, name: str) -> str:
        text = self.entries[key].fields.get(name, "")
        return str(Text.from_latex(text)).replace("\n", " ")

    def _names(self, key: str) -> str:
        persons = self.entries[key].persons
        people = persons.get("author") or persons.get("editor") or []
        last = [_last_name(person) for person in people]
        if len(last) > 2 or OTHERS in last:
            return f"{last[0]} et al."
        return " and ".join(last) or self._field(key, "title")


def full_stop(title: str) -> str:
    """A title that asks or calls ends without one."""
    return "" if title[-1:] in ("?", "!", ".") else "."


def _plain(names: Iterable[str]) -> str:
    return " ".join(str(Text.from_latex(name)) for name in names)


def _last_name(person: Person) -> str:
    return _plain([*person.prelast_names, *person.last_names])


def _full_name(person: Person) -> str:
    initials = " ".join(f"{str(Text.from_latex(n))[0]}." for n in [*person.first_names, *person.middle_names])
    return f"{_last_name(person)}, {initials}" if initials else _last_name(person)
