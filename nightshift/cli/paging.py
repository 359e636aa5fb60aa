"""Whole lists from the app, however many pages they have."""

from collections.abc import Iterator
from typing import Any

from nightshift.cli.app_client import AppClient

_PAGE = 200


def every(
    app: AppClient, path: str, after: str | None = None, limit: int | None = _PAGE, **params: str | int | None
) -> Iterator[Any]:
    """Each item of a list, in its order; the next page is fetched when it is come to.

    Args:
        after: the cursor behind which the list begins.
        limit: of a page; None for what the app thinks right.
    """
    cursor = after
    while True:
        found = app.get(path, limit=limit, cursor=cursor, **params)
        yield from found["items"]
        cursor = found["next"]
        if cursor is None:
            return
