"""Log lines: categories, levels and ids."""

import logging
import threading

import pytest

from local_host.functions.invocation_context import CURRENT_INVOCATION, InvocationContext, Trace
from local_host.functions.log_output import CategoryFilter


def record(name: str, level: int) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, "message", None, None)


@pytest.mark.parametrize(
    ("function", "logger", "level", "expected"),
    [
        (None, "other", logging.INFO, False),
        (None, "other", logging.WARNING, True),
        (None, "local_host.functions.host", logging.INFO, True),
        ("loud", "app", logging.DEBUG, True),
        ("quiet", "app", logging.INFO, False),
        ("quiet", "app", logging.ERROR, True),
        ("quiet", "local_host.functions.invoker", logging.INFO, True),
        ("third", "app", logging.INFO, True),
    ],
)
def test_the_longest_category_decides(function: str | None, logger: str, level: int, expected: bool) -> None:
    """host.json's logLevel picks by category: a function's own, all functions, the host's, or the default."""
    levels = {
        "default": logging.WARNING,
        "Host.local_host": logging.INFO,
        "Function": logging.INFO,
        "Function.loud": logging.DEBUG,
        "Function.quiet.User": logging.ERROR,
    }
    context = None if function is None else InvocationContext(function, "", "1", Trace("", "", {}), threading.local())
    token = CURRENT_INVOCATION.set(context)
    passed = CategoryFilter(levels).filter(record(logger, level))
    CURRENT_INVOCATION.reset(token)
    assert passed is expected


def test_a_functions_own_line_gets_its_ids() -> None:
    """Records of an app's code carry the function and the invocation; the host's own lines have theirs already."""
    token = CURRENT_INVOCATION.set(InvocationContext("f", "", "42", Trace("", "", {}), threading.local()))
    ids = []
    for name in ("app", "local_host.functions.invoker"):
        line = record(name, logging.INFO)
        CategoryFilter({"default": 0}).filter(line)
        ids.append(vars(line)["ids"])
    CURRENT_INVOCATION.reset(token)
    assert ids == [" function=f invocation_id=42", ""]
