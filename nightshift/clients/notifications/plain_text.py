"""Senders' text as text, wherever people read it: what a title or a body says is shown, never followed."""

import re

# Services that take text as it is if the request says that it is text: mail (text/plain) and webhooks that other
# programs read.
_LITERAL = frozenset({"mailto", "mailtos", "json", "jsons", "xml", "xmls", "form", "forms"})
# HTML and Slack's <...>; a mention; Markdown's [shown](address), [shown][label] and [label]: address.
_ACTIVE = re.compile(r"<|@|\](?=[(\[:])")
_BREAK = "\u200b"
# Line ends and what hides or turns text around it: controls, and Unicode's marks of direction.
_TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def plain_title(url: str, text: str) -> str:
    """A title for an address: one line, without anything that its service would act upon."""
    return _inert(url, " ".join(_TURNING.sub(" ", text).split()))


def plain_body(url: str, text: str) -> str:
    """A body for an address, without anything that its service would act upon."""
    return _inert(url, _TURNING.sub(" ", text.replace("\r\n", "\n")))


def _inert(url: str, text: str) -> str:
    """Break links and mentions by a space of no width, except where text is taken as it is.

    Most chat services read Markdown, HTML or a language of their own in whatever they get, and only some of their
    clients quote it. A link in full stays one: it leads where it says.
    """
    if url.partition("://")[0].lower() in _LITERAL:
        return text
    return _ACTIVE.sub(lambda match: match[0] + _BREAK, text)
