"""What a test compares of an error or a text instead of its whole sentence: fields, figures, and a few words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from nightshift.domain.platform.errors import NightshiftError

_FIGURE = re.compile(r"\b\d+(?:\.\d+)?\b")


def figures(text: str) -> list[str]:
    """The numbers of a text, in their order; those within an id are none."""
    return _FIGURE.findall(text)


@contextmanager
def refusal(kind: type[NightshiftError], *named: str, **fields: Any) -> Iterator[pytest.ExceptionInfo[NightshiftError]]:
    """The block raises this error, with these fields, and its message names each of these."""
    with pytest.raises(kind) as raised:
        yield raised
    assert {name: raised.value.fields.get(name) for name in fields} == fields
    assert [name for name in named if name not in raised.value.message] == [], raised.value.message
