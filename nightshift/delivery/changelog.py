"""What CHANGELOG.md says of a release: ``python -m nightshift.delivery.changelog --tag v1.2.0`` prints its section.

The tag must name the version in pyproject.toml, and the changelog must have a section of it that says something.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path

from nightshift.delivery.checkout import ROOT
from nightshift.domain.platform.errors import BadInputError

CHANGELOG = "CHANGELOG.md"
# Keep a Changelog: a heading per release, newest first; addresses of links may stand at the end.
_HEADING = re.compile(r"^## \[?(?P<version>[^\]\s]+)\]?(?: - (?P<day>\d{4}-\d{2}-\d{2}))?\s*$", re.MULTILINE)
_LINK = re.compile(r"^\[[^\]]+\]: \S+\s*$", re.MULTILINE)


def release_notes(changelog: str, version: str) -> str:
    """The section of a version, without its heading.

    Args:
        changelog: text in the form of Keep a Changelog.
        version: without the ``v`` of its tag.

    Raises:
        BadInputError: there is no section of this version, there are several, it has no day or says nothing.
    """
    headings = list(_HEADING.finditer(changelog))
    found = [number for number, heading in enumerate(headings) if heading["version"] == version]
    if len(found) != 1:
        rule = "needs a section `## [VERSION] - YYYY-MM-DD`" if not found else f"has {len(found)} sections"
        listed = ", ".join(heading["version"] for heading in headings) or "none"
        raise BadInputError(field="version", value=version, rule=f"{rule}; there are: {listed}", where=CHANGELOG)
    heading = headings[found[0]]
    if heading["day"] is None:
        rule = "its heading needs the day of the release: `## [VERSION] - YYYY-MM-DD`"
        raise BadInputError(field="version", value=version, rule=rule, where=CHANGELOG)
    end = headings[found[0] + 1].start() if found[0] + 1 < len(headings) else len(changelog)
    notes = _LINK.sub("", changelog[heading.end() : end]).strip()
    if not re.sub(r"^#+ .*$", "", notes, flags=re.MULTILINE).strip():
        raise BadInputError(field="version", value=version, rule="its section says nothing", where=CHANGELOG)
    return notes + "\n"


def version_of_tag(tag: str, pyproject: str) -> str:
    """The version that a tag names.

    Args:
        tag: such as ``v1.2.0``.
        pyproject: text of pyproject.toml.

    Raises:
        BadInputError: the tag is not ``v`` and the version in pyproject.toml.
    """
    version: str = tomllib.loads(pyproject)["project"]["version"]
    if tag != f"v{version}":
        rule = f"must be v{version}, the version in pyproject.toml"
        raise BadInputError(field="tag", value=tag, rule=rule)
    return version


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Hold the tag against pyproject.toml, and print the section of its version."""
    parser = argparse.ArgumentParser(description="Print what CHANGELOG.md says of a release.")
    parser.add_argument("--tag", required=True, help="such as v1.2.0")
    tag = parser.parse_args(arguments).tag
    try:
        version = version_of_tag(tag, (root / "pyproject.toml").read_text(encoding="utf-8"))
        notes = release_notes((root / CHANGELOG).read_text(encoding="utf-8"), version)
    except BadInputError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(notes)


if __name__ == "__main__":
    main()
