"""Whether a request that changes something was made by one of our own pages, where a browser made it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from nightshift.domain.platform.errors import NotAllowedError


class OtherSiteError(NotAllowedError):
    """Another site has made a visitor's browser send this."""


def refuse_other_sites(headers: Mapping[str, str], url: str) -> None:
    """Refuse what a browser says was sent from elsewhere; programs say nothing of the kind, and are not refused.

    A session cookie may come along with such a request, without the visitor knowing of it.
    Source: the headers Sec-Fetch-Site (W3C Fetch Metadata) and Origin, which no script can change.

    Args:
        url: that was called.

    Raises:
        OtherSiteError: it comes from another site, or from an unknown one.
    """
    given = {name.lower(): value for name, value in headers.items()}
    site, origin = given.get("sec-fetch-site"), given.get("origin")
    if site not in {None, "same-origin"} or (origin is not None and _host(origin) != _host(url)):
        raise OtherSiteError("it was sent by another site: nothing was changed")


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""
