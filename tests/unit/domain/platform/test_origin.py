"""Requests from other sites."""

import pytest

from nightshift.domain.platform.origin import OtherSiteError, refuse_other_sites

URL = "https://app.example/api/x"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"origin": "https://app.example.evil.example"},
        {"Origin": "https://app.example:444"},
        {"Origin": "https://["},
        {"sec-fetch-site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://app.example"},
        {"sec-fetch-site": "none"},
    ],
)
def test_another_site_is_refused(headers: dict[str, str]) -> None:
    """Whatever the browser says, it must say that it comes from here."""
    with pytest.raises(OtherSiteError, match="another site"):
        refuse_other_sites(headers, URL)


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://App.example"}])
def test_programs_and_our_own_pages_are_not(headers: dict[str, str]) -> None:
    """A program says nothing about sites."""
    refuse_other_sites(headers, URL)
