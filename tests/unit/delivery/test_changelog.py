"""The notes of a release are its section of the changelog; a tag that does not fit is refused."""

from pathlib import Path

import pytest

from nightshift.delivery.changelog import main, release_notes, version_of_tag
from nightshift.domain.platform.errors import BadInputError

ROOT = Path(__file__).resolve().parents[3]
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- What is to come.

## [1.10.0] - 2026-12-01

### Added

- Two `things`.

### Fixed

- A [link](docs/x.md).

## [1.1.0] - 2026-11-01

- The first.

## [1.0.0]

- Without a day.

## [0.9.0] - 2026-10-01

### Added

[1.10.0]: https://example.com/compare
"""
PYPROJECT = '[project]\nname = "x"\nversion = "1.10.0"\n'


def test_the_notes_are_the_section_of_the_version() -> None:
    """To the next heading of a release, without its own; 1.1.0 is not 1.10.0."""
    assert release_notes(CHANGELOG, "1.10.0") == "### Added\n\n- Two `things`.\n\n### Fixed\n\n- A [link](docs/x.md).\n"
    assert release_notes(CHANGELOG, "1.1.0") == "- The first.\n"


@pytest.mark.parametrize(
    ("version", "rule"),
    [
        ("1.1", "needs a section"),
        ("2.0.0", "there are: Unreleased, 1.10.0, 1.1.0, 1.0.0, 0.9.0"),
        ("Unreleased", "the day of the release"),
        ("1.0.0", "the day of the release"),
        ("0.9.0", "its section says nothing"),
    ],
)
def test_a_section_that_cannot_be_the_notes_is_refused(version: str, rule: str) -> None:
    """With the file, the version and the rule."""
    with pytest.raises(BadInputError, match=rule) as refused:
        release_notes(CHANGELOG, version)
    assert "CHANGELOG.md" in str(refused.value)


def test_two_sections_of_a_version_are_refused() -> None:
    """Which of them are the notes, nobody can tell."""
    with pytest.raises(BadInputError, match="has 2 sections"):
        release_notes(CHANGELOG + "\n## [1.1.0] - 2026-11-02\n\n- Again.\n", "1.1.0")


@pytest.mark.parametrize("tag", ["1.10.0", "v1.1.0", "v1.10.0-rc.1", "V1.10.0"])
def test_a_tag_of_another_version_is_refused(tag: str) -> None:
    """It names the one that pyproject.toml has."""
    with pytest.raises(BadInputError, match=r"must be v1\.10\.0"):
        version_of_tag(tag, PYPROJECT)
    assert version_of_tag("v1.10.0", PYPROJECT) == "1.10.0"


def test_the_command_prints_the_notes_or_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the workflow calls it."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    main(["--tag", "v1.10.0"], tmp_path)
    assert capsys.readouterr().out.startswith("### Added\n\n- Two `things`.")
    with pytest.raises(SystemExit, match=r"^error: tag = 'v1': must be v1\.10\.0"):
        main(["--tag", "v1"], tmp_path)


def test_our_own_changelog_can_be_read() -> None:
    """What is unreleased is a section like those to come: with a day it would be the notes."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "### Added" in release_notes(text.replace("## [Unreleased]", "## [9.9.9] - 2026-12-24"), "9.9.9")
