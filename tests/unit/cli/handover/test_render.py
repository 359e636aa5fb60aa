"""The handover as Markdown and HTML."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from nightshift.cli.handover.build_report import build_report
from nightshift.cli.handover.render import Format, plain, render
from nightshift.cli.handover.report import Handover
from tests.unit.cli.handover.shifts import busy_night, model, rolled_back, run, shift

APP = "http://app"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _busy() -> Handover:
    return build_report(busy_night(), APP)


@pytest.mark.parametrize("style", ["markdown", "html"])
def test_an_empty_night_says_so(style: Format) -> None:
    """One sentence, and no empty headings."""
    text = render(build_report(shift(models=(model(),)), APP), style)
    assert "Nothing happened, and nothing needs you." in text
    assert "What happened" not in text


def test_the_night_in_markdown() -> None:
    """Needs first, then each model."""
    assert render(_busy(), "markdown") == Path(__file__).with_name("busy_night.md").read_text(encoding="utf-8")


def test_the_page_is_whole_and_asks_for_nothing_from_elsewhere() -> None:
    """Every tag is closed; no script, image or font; links go to the app."""
    text = render(_busy(), "html")
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    assert set(tags.tags) & {"script", "img", "link", "iframe"} == set()
    assert text.count('href="http://app/') == text.count("href=")


def test_what_an_alert_says_is_no_markup() -> None:
    """A title from outside is shown, in either format, and does nothing."""
    title = "<script>alert(1)</script> [x](http://evil) `ls` *b*\n# head"
    report = build_report(shift(incidents=(rolled_back(title=title),), runs=(run(1, "failed", title),)), APP)
    page, text = render(report, "html"), render(report, "markdown")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in text.replace("\\<script\\>", "")
    assert r"\[x\]\(http://evil\) \`ls\` \*b\* \# head" in text


def test_plain_text_stays_on_its_line() -> None:
    """A line break would begin a list or a heading."""
    assert plain("a\n- b") == "a - b"


def test_on_a_terminal_nothing_is_escaped() -> None:
    """Nobody renders it there: a name is shown as it is."""
    report = build_report(
        shift(runs=(run(1, "failed", "diabetes_progression (rmse)\n# head", model="diabetes_progression"),)), APP
    )
    text = render(report, "markdown", for_reading=True)
    assert "### diabetes_progression" in text
    assert "diabetes_progression (rmse)" in text
    assert "\n# head" not in text
