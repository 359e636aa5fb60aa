"""The files beside the pages."""

import hashlib

from nightshift.pages.static_files import FOLDER, address, static_files

# Chart.js 4.6.1, dist/chart.umd.min.js of the npm package; MIT.
CHART = "87364cc2b2a76a6684929e7d6b80b18a897794db38400caff1fcf1791c6925d2"


def test_the_chart_library_is_the_one_that_was_released() -> None:
    """Nobody has changed it, its version is what we say, and its licence lies beside it."""
    library = (FOLDER / "vendor/chart.umd.min.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() == CHART
    assert b"Chart.js v4.6.1" in library[:80]
    assert "MIT" in (FOLDER / "vendor/LICENSE.chart.js.txt").read_text(encoding="utf-8")


def test_every_file_is_served() -> None:
    """Nothing lies in the folder that no page can have."""
    lying = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert set(static_files()) == lying


def test_another_content_has_another_address() -> None:
    """So browsers may keep a file for ever."""
    assert address("page.css") == f"/static/page.css?v={static_files()['page.css'].version}"


def test_they_are_small() -> None:
    """Stylesheet and script of every page."""
    assert sum(len(static_files()[name].body) for name in ("page.css", "page.js", "icon.svg")) < 20_000


def test_the_package_takes_them() -> None:
    """.funcignore leaves Markdown out of the deployed package: no file of ours may be of that kind."""
    assert [name for name in static_files() if name.endswith(".md")] == []
