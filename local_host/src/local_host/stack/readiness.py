"""Questions that tell whether a component works."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx

from local_host.stack.component import ANSWER_SECONDS, Readiness


def answers(
    url: str, accept: Callable[[httpx.Response], bool], *, headers: Mapping[str, str] | None = None
) -> Readiness:
    """Ready when a GET of `url` gets a response that `accept` is content with."""

    def ask(seconds: float = ANSWER_SECONDS, /) -> str | None:
        try:
            # trust_env: a proxy of the user's must not see loopback traffic.
            response = httpx.get(url, headers=headers, timeout=seconds, trust_env=False)
        except httpx.ConnectError:
            return f"nobody listens at {url}"
        except httpx.TransportError as error:
            return f"{url} does not answer ({type(error).__name__})"
        return None if accept(response) else f"{url} answers {response.status_code} {response.text[:120]!r}"

    return ask


def all_of(*questions: Readiness) -> Readiness:
    """Ready when all are; says what the first unready one says."""

    def ask(seconds: float = ANSWER_SECONDS, /) -> str | None:
        return next((problem for question in questions if (problem := question(seconds)) is not None), None)

    return ask
