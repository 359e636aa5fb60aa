"""The error catalogue: its drawing is the tree that the classes are, and a code means one thing."""

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest

from nightshift.domain.platform import errors
from nightshift.domain.platform.errors import (
    BadInputError,
    BlobChangedError,
    BlobMissingError,
    NightshiftError,
    UnknownModelError,
)

ROOT = Path(__file__).parents[4]
PACKAGES = ("nightshift", "agents", "activities", "orchestrators")
_LINE = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)(?: \((?P<also>[\w, ]+)\))?(?: {2,}(?P<what>.+))?$")
_DEFINES = re.compile(r"^class \w+\(.*Error\b.*\):", re.MULTILINE)


class Drawn(NamedTuple):
    """An error as the drawing shows it."""

    name: str
    base: str
    also: tuple[str, ...]
    module: str


def _drawn() -> Iterator[Drawn]:
    """The lines of the drawing; a module that finds no room stands on the line behind."""
    text = re.sub(r"\n[│ ]+(\[[\w.]+\])$", r" \1", errors.__doc__ or "", flags=re.MULTILINE)
    above = ["NightshiftError"]
    for line in text.splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        above = above[: len(found["indent"]) // 4 + 1]
        place = re.search(r"\[([\w.]+)\]$", found["what"] or "")
        also = tuple(found["also"].split(", ")) if found["also"] else ()
        yield Drawn(found["name"], above[-1], also, place[1] if place else errors.__name__)
        above.append(found["name"])


def _classes(base: type[NightshiftError] = NightshiftError) -> Iterator[type[NightshiftError]]:
    """All named failures of the product, of every module that defines an error."""
    for kind in base.__subclasses__():
        if kind.__module__.split(".")[0] in PACKAGES:
            yield kind
        yield from _classes(kind)


@pytest.fixture(scope="module")
def classes() -> list[type[NightshiftError]]:
    """The classes, each once."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            if _DEFINES.search(file.read_text(encoding="utf-8")):
                importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
    return list(dict.fromkeys(_classes()))


def test_the_drawing_shows_every_failure_under_its_base(classes: list[type[NightshiftError]]) -> None:
    """With what else it is, and where it is defined if not in the catalogue."""
    found = [
        Drawn(
            name=kind.__name__,
            base=kind.__bases__[0].__name__,
            also=tuple(base.__name__ for base in kind.__bases__[1:]),
            module=kind.__module__,
        )
        for kind in classes
    ]
    assert sorted(_drawn()) == sorted(found)


def test_a_code_is_of_one_class_alone(classes: list[type[NightshiftError]]) -> None:
    """Two classes have one code only if one is the other's base, or both have it from a base that says it."""
    said = Counter(kind.code for kind in classes if "code" in vars(kind))
    assert [code for code, times in said.items() if times > 1] == []
    for one, other in combinations(classes, 2):
        if one.code == other.code:
            bases = {*one.__mro__} & {*other.__mro__}
            assert any("code" in vars(base) for base in bases - {NightshiftError}), (one, other)


@pytest.mark.parametrize("error", [UnknownModelError("m2", ("m1",)), BlobMissingError("u"), BlobChangedError("u", "e")])
def test_what_somebody_gave_us_is_bad_input(error: NightshiftError) -> None:
    """One except clause for all that breaks a rule; each says field, value and rule, in its message too."""
    assert isinstance(error, BadInputError)
    assert str(error) == f"{error.fields['field']} = {error.fields['value']!r}: {error.fields['rule']}"
