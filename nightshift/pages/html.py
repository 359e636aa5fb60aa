"""How pages go out, and which page a request is about."""

from urllib.parse import urlsplit

import azure.functions as func

from nightshift.pages.security import HEADERS

# azure-functions appends the charset of text: with one here there would be two.
_HTML = "text/html"


def html(text: str, status: int) -> func.HttpResponse:
    """A page with the headers of every page."""
    return func.HttpResponse(text.encode(), status_code=status, headers=dict(HEADERS), mimetype=_HTML)


def see_other(path: str) -> func.HttpResponse:
    """Redirect to a page after a POST, so that a reload does nothing twice; only to paths of our own."""
    return func.HttpResponse(status_code=303, headers={**HEADERS, "Location": path})


def path_of(request: func.HttpRequest) -> str:
    """The page; that of a form if one was posted, since nothing is to be seen where forms go."""
    path = urlsplit(request.url).path or "/"
    return path.rpartition("/")[0] or "/" if request.method == "POST" else path
