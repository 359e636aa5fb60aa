"""Looking entry points up."""

from pathlib import Path

import pytest

from local_host.databricks.entry_points import EntryPointError, resolve_entry_point


def _project(folder: Path, text: str) -> Path:
    file = folder / "pyproject.toml"
    file.write_text(text)
    return file


def test_entry_point_is_found(tmp_path: Path) -> None:
    """The table has the package's name, the key is the entry point."""
    file = _project(tmp_path, '[project.entry-points."package"]\ntrain = "package.jobs.train:main"\n')
    assert resolve_entry_point(file, "package", "train") == "package.jobs.train:main"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the table does not exist"),
        ('[project.entry-points."other"]\ntrain = "a:b"\n', "the table does not exist"),
        ('[project.entry-points."package"]\nscore = "a:b"\n', "the table has only score"),
        ('[project.entry-points."package"]\ntrain = "a.b"\n', "'a.b' is not of the form module:function"),
        ('[project.entry-points."package"]\ntrain = "a:b; import os"\n', "is not of the form module:function"),
        ("[", "not a TOML file"),
    ],
)
def test_entry_point_is_missing(tmp_path: Path, text: str, complaint: str) -> None:
    """The error names package, entry point, file and fault."""
    with pytest.raises(EntryPointError) as caught:
        resolve_entry_point(_project(tmp_path, text), "package", "train")
    message = str(caught.value)
    assert message.startswith(f'entry point [project.entry-points."package"] train in {tmp_path}/pyproject.toml: ')
    assert complaint in message


def test_no_pyproject(tmp_path: Path) -> None:
    """A root without the file says so."""
    with pytest.raises(EntryPointError, match="the file does not exist"):
        resolve_entry_point(tmp_path / "pyproject.toml", "package", "train")
