"""Log lines: categories, levels and ids."""

import logging
import threading
from collections.abc import Iterator

import pytest

from local_host.functions.invocation_context import CURRENT_INVOCATION, InvocationContext, Trace
from local_host.functions.log_output import CategoryFilter, configure_logging


@pytest.fixture
def loggers() -> Iterator[None]:
    """Whatever a test sets up is gone afterwards."""
    changed = [logging.getLogger(name) for name in (None, "local_host", "uvicorn")]
    before = [(logger, logger.level, list(logger.handlers)) for logger in changed]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


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


@pytest.mark.parametrize(("setting", "expected"), [(None, False), ("0", False), ("1", True), ("True", True)])
@pytest.mark.usefixtures("loggers")
def test_debug_lines_of_an_app_need_the_workers_setting(
    capsys: pytest.CaptureFixture[str], setting: str | None, expected: bool
) -> None:
    """host.json alone does not bring them: the Python worker keeps its root logger at INFO."""
    environment = {} if setting is None else {"PYTHON_ENABLE_DEBUG_LOGGING": setting}
    configure_logging({"default": logging.DEBUG}, environment)
    logging.getLogger("app").debug("from the app")
    logging.getLogger("local_host.functions.invoker").debug("from the host")
    shown = capsys.readouterr().out
    assert ("from the app" in shown) is expected
    assert "from the host" in shown


@pytest.mark.parametrize(
    "name", ["azure_functions_worker", "azure_functions_worker_errors", "azure.functions.decorators"]
)
def test_the_workers_own_lines_are_kept_apart(name: str) -> None:
    """In Azure they go to Microsoft, never to the app's log."""
    assert not CategoryFilter({"default": 0}).filter(record(name, logging.CRITICAL))
