"""Every link and anchor inside the repository exists, and so does every path that a page names."""

import re
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, anchors, codes, links, name_of, pages, prose

PAGES = [ROOT / "CHANGELOG.md", *pages()]
_SUFFIXES = (
    "py",
    "md",
    "yml",
    "yaml",
    "json",
    "toml",
    "tf",
    "mmd",
    "txt",
    "hcl",
    "tfvars",
    "svg",
    "png",
    "lock",
    "sql",
)
_PATH = re.compile(r"[\w.*<>{},-]+(/[\w.*<>{},-]+)*/?")
# What Nightshift, a deployment or a reader makes; it is no file of the repository.
_MADE = {
    "a.csv", "a.csv.tmp", "_incoming/a.csv", "alert.json", "fixed.json", "report.json", "environments/dev.json",
    "environments/<env>.json", "environments/trusted_root.jsonl", "local.settings.json", "Config.json", "dev.json",
    "functions/notifications.jsonl", "evaluation/predictions.parquet", "model_specs/<name>.yaml", "misspelt.yaml",
    "addresses.txt", "endpoints.json", "training/rows.npz", "runs/RUN/validation.json",
    "nab_anomaly_windows.json", "combined_windows.json",
    "bike_sharing_hour.csv", "nab_nyc_taxi.csv",
    ".terraform.lock.hcl", "backup.json", "openapi.json", "sales.csv", "FILE.csv",
}  # fmt: skip


@cache
def _tracked() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The files that git keeps or would keep, their folders, and the names of both."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    files = frozenset(name for name in listed if (ROOT / name).exists())
    folders = frozenset(parent.as_posix() for name in files for parent in Path(name).parents) - {"."}
    return files, folders, frozenset(Path(name).name for name in files)


def _exists(path: str) -> bool:
    files, folders, names = _tracked()
    plain = path.rstrip("/")
    if plain in files or plain in folders or ("/" not in plain and plain in names):
        return True
    wild = re.sub(r"<[^>]*>|\{[^}]*\}|\b[A-Z]{4,}\b", "*", plain)  # placeholders: <env>, {name}, RELEASE
    return "*" in wild and any(fnmatch(name, wild) for name in files | folders)


def _is_path(code: str) -> bool:
    """Whether a text in backticks names a file or folder of the repository."""
    if not _PATH.fullmatch(code) or code in _MADE or "://" in code:
        return False
    top = {name.split("/")[0] for name in _tracked()[0] if "/" in name}
    first, slash, _ = code.partition("/")
    return bool(slash and first in top) or bool(re.search(rf"[\w>}}*]\.({'|'.join(_SUFFIXES)})$", code))


def _missing_paths(text: str) -> list[str]:
    return [code for code in codes(prose(text)) if _is_path(code) and not _exists(code)]


def _broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for target in links(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_and_anchor_exists(page: Path) -> None:
    """Whoever follows a link arrives."""
    assert _broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_path_exists(page: Path) -> None:
    """A file that was moved is named where it is now."""
    assert _missing_paths(page.read_text(encoding="utf-8")) == []


def test_what_is_wrong_is_found() -> None:
    """A link without its file, one without its anchor, a file that was moved, a folder that is gone."""
    page = ROOT / "README.md"
    assert _broken_links(page, "[a](docs/none.md) [b](docs/api.md#none) [c](docs/api.md#health) [d](https://x)") == [
        "docs/none.md",
        "docs/api.md#none",
    ]
    assert _missing_paths("`tests/docs/none.py` `none.yaml` `tests/docs` `tests/docs/*.py` `tests/none/*.py`") == [
        "tests/docs/none.py",
        "none.yaml",
        "tests/none/*.py",
    ]


def test_pages_are_linked_from_somewhere() -> None:
    """A page that no other page links to is found by nobody."""
    linked = {
        (page.parent / target.partition("#")[0]).resolve()
        for page in PAGES
        for target in links(page.read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", target)
    }
    lost = [name_of(page) for page in pages() if page.resolve() not in linked and page.name != "README.md"]
    assert [name for name in lost if not name.startswith("docs/adr/")] == []


def test_every_picture_is_shown() -> None:
    """A picture that no page shows is renewed for nobody."""
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page.read_text(encoding="utf-8"))}
    pictures = [file for folder in ("screens", "demo") for file in (ROOT / "docs" / folder).iterdir()]
    assert [file.name for file in pictures if file.resolve() not in shown] == []
    assert len(pictures) > 5
