"""Views as HTML."""

import re
from html.parser import HTMLParser

import pytest

from nightshift.pages.rendering import Frame, View, render
from nightshift.pages.views import LiveView, MessagePage, RunListView
from tests.unit.pages.examples import (
    FRAME,
    SCRIPT,
    front_view,
    incident_view,
    review_view,
    run_summary,
    run_view,
)

VIEWS: dict[str, View] = {
    "front": front_view(),
    "review": review_view(refusal=SCRIPT, comment=f"</textarea>{SCRIPT}"),
    "incident": incident_view(refusal=SCRIPT, comment=f"</textarea>{SCRIPT}"),
    "run": run_view(),
    "runs": RunListView(runs=(run_summary(),), next="abc", model=SCRIPT),
    "message": MessagePage(title=SCRIPT, text=SCRIPT, sign_in=True),
}


class Elements(HTMLParser):
    """Every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", VIEWS)
def test_texts_stay_texts(name: str) -> None:
    """No script but our own files, no handler, no style, no address but of the web; the text itself is shown."""
    text = render(VIEWS[name], FRAME)
    elements = Elements(text).found
    scripts = [attributes.get("src") or "inline" for tag, attributes in elements if tag == "script"]
    assert all(source.startswith("/static/") for source in scripts)
    names = {attribute for _, attributes in elements for attribute in attributes}
    assert [attribute for attribute in names if attribute.startswith("on") or attribute == "style"] == []
    addresses = [attributes.get("href") or "" for tag, attributes in elements if tag == "a"]
    assert [address for address in addresses if not re.match(r"/|#|https?://", address)] == []
    assert {"style", "img", "iframe"} & {tag for tag, _ in elements} == set()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


@pytest.mark.parametrize("name", VIEWS)
def test_forms_carry_the_token(name: str) -> None:
    """Every form is posted to a path of ours and proves where it comes from."""
    text = render(VIEWS[name], FRAME)
    forms = re.findall(r"<form[^>]*action=\"([^\"]*)\".*?</form>", text, re.DOTALL)
    assert all(action.startswith(("/reviews/", "/incidents/")) for action in forms)
    assert text.count("<form") == text.count(f'name="token" value="{FRAME.token}"')


def test_the_front_page_is_small() -> None:
    """Also in a bad night."""
    assert len(render(front_view(incidents=20, entries=60), FRAME).encode()) < 60_000


def test_the_live_part_is_a_part() -> None:
    """What is fetched again is what stands on the page, and no whole page."""
    front = front_view()
    part = render(LiveView(**vars(front)), FRAME)
    assert "<html" not in part
    assert part.strip() in render(front, FRAME)


def test_who_may_not_sees_no_form() -> None:
    """A reader is told which role is needed."""
    reader = Frame(visitor="rea", roles=frozenset({"Reader"}))
    seen = render(review_view(may_decide=False), reader) + render(incident_view(may_act=False, may_undo=False), reader)
    assert "<form" not in seen + render(front_view(), reader)
    for role in ("the role Reviewer.", "the role Reviewer or Operator.", "the role Operator."):
        assert role in seen


def test_runs_of_one_model_can_be_chosen_and_stay_chosen() -> None:
    """Each model's name leads to its runs; the page behind keeps the choice, and a link takes it back."""
    run = run_summary()
    every = render(RunListView(runs=(run,), next=None), FRAME)
    assert f'href="/runs?model={run.model}"' in every
    assert "Runs of all models" not in every
    chosen = render(RunListView(runs=(run,), next="a+b", model="tumour"), FRAME)
    assert 'href="/runs?cursor=a%2Bb&amp;model=tumour"' in chosen
    assert '<h1>Runs of tumour</h1>\n<p><a href="/runs">Runs of all models</a></p>' in chosen


def test_the_chart_has_its_values_as_text() -> None:
    """The drawing has a name, and the table beside it has all numbers."""
    text = render(review_view(), FRAME)
    assert 'data-value="[20.0, -20.0]"' in text
    assert 'role="img" aria-label="By how many percent' in text
    assert "-2.5 to -1.5" in text
