"""The pages as the checks read them: blocks with their markers, tables, links and anchors.

A marker is an HTML comment in the line before a code block::

    <!-- docs-check: run 20 -->                 executed against a running stack, in the order of the numbers
    <!-- docs-check: run 21 exit=1 shows="no" -->
    <!-- docs-check: run 22 after=dead_letter -->   the runner prepares something first (tests/docs/preparations.py)
    <!-- docs-check: not run: it needs Azure -->
    <!-- docs-check: sample alert -->           held against the product's own parser (tests/docs/samples.py)
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_OPEN = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\s*$")
_MARKER = re.compile(r"^ *<!-- docs-check: (?P<text>.+?) -->$")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+?)\s*$")
_LINK = re.compile(r"\]\((?P<target>[^()\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A code block; ``marker`` is empty if there is none."""

    page: str
    line: int
    language: str
    text: str
    marker: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Every page: README, CONTRIBUTING, SECURITY and everything in docs."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name_of(page: Path) -> str:
    """A page's path inside the repository."""
    return page.relative_to(ROOT).as_posix()


def text_of(name: str) -> str:
    """The text of a page."""
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page."""
    found, lines = [], page.read_text(encoding="utf-8").splitlines()
    start = 0
    while start < len(lines):
        opened = _OPEN.match(lines[start])
        if opened is None:
            start += 1
            continue
        end = next(at for at in range(start + 1, len(lines)) if lines[at].strip() == "```")
        body = "\n".join(line.removeprefix(opened["indent"]) for line in lines[start + 1 : end])
        marked = _MARKER.match(lines[start - 1]) if start else None
        marker = marked["text"] if marked else ""
        found.append(Block(name_of(page), start + 1, opened["language"], body, marker))
        start = end + 1
    return found


def prose(text: str) -> str:
    """A page without its code blocks."""
    kept, inside = [], False
    for line in text.splitlines():
        if line.strip().startswith("```"):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def section(name: str, heading: str) -> str:
    """The text under a heading, to the next one of the same or a higher level.

    Raises:
        AssertionError: the page has no such heading.
    """
    lines = text_of(name).splitlines()
    levels = [number for number in range(1, 7) if f"{'#' * number} {heading}" in lines]
    assert levels, f"{name} has no heading {heading!r}"
    start = lines.index(f"{'#' * levels[0]} {heading}") + 1
    ends = (at for at in range(start, len(lines)) if re.match(rf"^#{{1,{levels[0]}}} ", lines[at]))
    return "\n".join(lines[start : next(ends, len(lines))])


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a text: rows of cells, without the rule under the head; the head is the first row."""
    found: list[list[list[str]]] = []
    before = ""
    for line in prose(text).splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            if not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                found[-1].append(cells)
        before = line
    return found


def table(name: str, *head: str, under: str | None = None) -> list[list[str]]:
    """The rows of the table whose head begins with these cells.

    Raises:
        AssertionError: there is no such table, or there are several.
    """
    text = text_of(name) if under is None else section(name, under)
    found = [rows[1:] for rows in tables(text) if rows[0][: len(head)] == list(head)]
    assert len(found) == 1, f"{name} has {len(found)} tables that begin with {head}"
    return found[0]


def codes(cell: str) -> list[str]:
    """What stands in backticks."""
    return _CODE.findall(cell)


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for line in prose(text).splitlines():
        heading = _HEADING.match(line)
        if heading is None:
            continue
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading["text"]).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number, unique = 0, anchor
        while unique in found:
            number += 1
            unique = f"{anchor}-{number}"
        found.add(unique)
    return found


def links(text: str) -> list[str]:
    """The targets of the links and pictures in a page."""
    return [match["target"] for match in _LINK.finditer(_CODE.sub("", prose(text)))]
