"""The proof that a form comes from its own page."""

import pytest

from nightshift.pages.security import HEADERS, ForgedFormError, FormKey, check_token

HTTPS, HTTP = "https://app.example/x", "http://127.0.0.1:7071/x"


def _cookie(key: FormKey, url: str) -> dict[str, str]:
    return {"Cookie": f"a=1; {key.cookie(url).partition(';')[0]}"}


@pytest.mark.parametrize("url", [HTTPS, HTTP])
def test_a_form_of_its_own_page_is_taken(url: str) -> None:
    """The browser brings the key back, and the token fits it."""
    key = FormKey.of({}, url)
    assert key.new
    headers = _cookie(key, url) | {"Origin": url.removesuffix("/x"), "Sec-Fetch-Site": "same-origin"}
    known = FormKey.of(headers, url)
    assert known == FormKey(key.value, new=False)
    check_token(key=known, visitor="ann", token=key.token("ann"))


@pytest.mark.parametrize(
    ("visitor", "token"),
    [
        ("ann", ""),
        ("ann", "0" * 64),
        ("ann", "\u00e9"),
        ("bob", None),
    ],
)
def test_any_other_form_is_refused(visitor: str, token: str | None) -> None:
    """No token, a wrong one, or another visitor's."""
    key = FormKey("k" * 43, new=False)
    given = key.token("ann") if token is None else token
    with pytest.raises(ForgedFormError):
        check_token(key=key, visitor=visitor, token=given)


def test_a_new_key_fits_no_form() -> None:
    """Without the cookie nothing is taken, whatever the token."""
    key = FormKey.of({}, HTTPS)
    with pytest.raises(ForgedFormError):
        check_token(key=key, visitor="ann", token=key.token("ann"))


def test_the_cookie_is_out_of_reach() -> None:
    """No script reads it, no other site posts with it, no other host can set it."""
    assert FormKey("k", new=True).cookie(HTTPS) == ("__Host-nightshift-form=k; Path=/; HttpOnly; SameSite=Lax; Secure")


@pytest.mark.parametrize("value", ["short", "", "k" * 31])
def test_a_guessable_key_is_not_taken(value: str) -> None:
    """A key that we have not made is replaced."""
    assert FormKey.of({"cookie": f"nightshift-form={value}"}, HTTP).new


def test_the_headers_let_nothing_in() -> None:
    """Nothing from elsewhere, nothing inline, no frame, nothing kept."""
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert HEADERS["Cache-Control"] == "no-store"
