"""What strangers try: each fails with the right status, and nothing is changed."""

import base64
import json

import pytest
from playwright.sync_api import Page, expect

from local_host.functions.session import COOKIE
from tests.browser.conftest import Enter, Flag, Night
from tests.support.running_stack import RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

Form = dict[str, str | float | bool]


def _open(running: RunningApp, review_id: str) -> bool:
    state: str = running.app.get(f"reviews/{review_id}")["review"]["state"]
    return state == "open"


def _post(page: Page, path: str, fields: Form, **headers: str) -> tuple[int, str]:
    """Send a form as this browser would, with its cookies; the status and the page that came back."""
    answer = page.request.post(path, form=fields, headers=headers, max_redirects=0)
    return answer.status, answer.text()


def _token(page: Page) -> str:
    return page.locator("input[name=token]").first.input_value()


def test_a_browser_has_to_sign_in(running: RunningApp, enter: Enter) -> None:
    """A page without a session leads to the sign-in and then to that page; a fetch without one is refused."""
    page = enter("/runs", quiet=True)
    assert page.url == f"{running.endpoints.app_url}/runs"
    page.context.clear_cookies()
    statuses = page.evaluate("Promise.all(['/live', '/api/runs'].map(async (path) => (await fetch(path)).status))")
    assert statuses == [401, 401]


def test_no_role(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """Nothing to see without a role of a reader; nothing to decide without Reviewer, in the page and behind it."""
    review = flagged()
    page = enter("/", name="eve", roles=("AlertWriter",), quiet=True)
    expect(page.get_by_role("heading", level=1)).to_have_text("Not allowed")
    expect(page.get_by_text("eve has the roles AlertWriter: this needs Reader or Reviewer or Operator")).to_be_visible()
    reader = enter(f"/reviews/{review.review_id}", name="rea", roles=("Reader", "Operator"))
    expect(reader.get_by_text("Deciding needs the role Reviewer.")).to_be_visible()
    fields: Form = {"decision": "approve", "comment": "let me", "token": "x"}
    status, text = _post(reader, f"/reviews/{review.review_id}/decision", fields)
    assert (status, "this needs Reviewer" in text) == (403, True)
    assert _open(running, review.review_id)


def test_a_forged_principal(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """The header of App Service, brought along, is dropped: the visitor stays who signed in."""
    review = flagged()
    claims = [{"typ": "preferred_username", "val": "root"}, {"typ": "roles", "val": "Reviewer"}]
    forged = base64.b64encode(json.dumps({"claims": claims}).encode()).decode()
    page = enter(
        f"/reviews/{review.review_id}",
        name="mallory",
        roles=("Reader",),
        extra_http_headers={"X-MS-CLIENT-PRINCIPAL": forged},
    )
    expect(page.get_by_text("mallory (Reader)")).to_be_visible()
    status, _ = _post(page, f"/reviews/{review.review_id}/decision", {"decision": "approve", "comment": "x"})
    assert (status, _open(running, review.review_id)) == (403, True)


def test_a_forged_session(enter: Enter) -> None:
    """A session cookie that the host did not sign is none."""
    page = enter("/", quiet=True)
    page.context.clear_cookies()
    page.context.add_cookies([{"name": COOKIE, "value": "eyJ9.00", "url": page.url}])
    assert page.evaluate("fetch('/live').then((answer) => answer.status)") == 401


def test_forms_of_others(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """Without token, with another visitor's, or from another site: refused, and the review stays open."""
    review = flagged()
    path = f"/reviews/{review.review_id}/decision"
    ann, bob = enter(f"/reviews/{review.review_id}", name="ann"), enter(f"/reviews/{review.review_id}", name="bob")
    fields: Form = {"decision": "approve", "comment": "not I"}
    assert _post(ann, path, fields)[0] == 403
    assert _post(ann, path, fields | {"token": "0" * 64})[0] == 403
    assert _post(ann, path, fields | {"token": _token(bob)})[0] == 403
    mine = fields | {"token": _token(ann)}
    assert _post(ann, path, mine, Origin="https://elsewhere.example")[0] == 403
    assert _post(ann, path, mine, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert _post(ann, path, mine | {"decision": "maybe"})[0] == 400
    assert _post(ann, path, mine | {"comment": " "})[0] == 400
    assert _post(ann, path, mine | {"evidence_digest": "0" * 64})[0] == 409
    assert _open(running, review.review_id)


def test_texts_that_would_run(night: Night, enter: Enter) -> None:
    """Scripts in an alert's title, its links and a column's name are text, and nothing of them runs."""
    page = enter("/")
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    expect(page.get_by_role("link", name=night.title, exact=True)).to_be_visible()
    for path, text in (
        (f"/incidents/{night.incident}", night.title),
        (f"/reviews/{night.review}", f"{night.column} = 1"),
    ):
        page.goto(path)
        expect(page.get_by_text(text).first).to_be_visible()
        assert page.locator("a[href^='javascript'], main img, main script").count() == 0


def test_no_way_out(running: RunningApp, enter: Enter) -> None:
    """The sign-in does not lead to another site."""
    page = enter("/.auth/login/aad?post_login_redirect_uri=//evil.example/x")
    assert page.url == f"{running.endpoints.app_url}/"
