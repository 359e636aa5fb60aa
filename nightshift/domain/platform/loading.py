"""Heavy packages are imported by one thread at a time, and a process in which an import broke is given up.

Two threads that import one package of many circular imports at the same moment deadlock in the interpreter's module
locks. It breaks one of the imports off, and the package stays half imported: every later import of it fails, until the
process ends. So every import inside a function goes through ``importing``.
"""

import importlib.util
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nightshift.domain.platform.errors import NotLoadedError

logger = logging.getLogger(__name__)

# Of the whole process: the interpreter's modules are, too.
_ONE_AT_A_TIME = threading.RLock()
# What CPython says of a module whose import has not come to its end.
_HALF_IMPORTED = "partially initialized module"
_DEADLOCK = "_DeadlockError"


class ImportHealth:
    """Whether an import broke in this process; it notifies once whoever can end the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason = ""
        self._notify: Callable[[str], None] | None = None

    @property
    def reason(self) -> str:
        """What broke; empty if nothing did."""
        return self._reason

    def on_broken(self, notify: Callable[[str], None]) -> None:
        """Call ``notify`` with the reason when an import breaks, or now if one has."""
        with self._lock:
            self._notify, reason = notify, self._reason
        if reason:
            notify(reason)

    def broke(self, error: BaseException) -> None:
        """An import broke; a package that is not installed breaks nothing, and a fresh process would not find it."""
        if _not_installed(error):
            return
        with self._lock:
            first, self._reason = not self._reason, self._reason or f"{type(error).__name__}: {error}"[:500]
            notify = self._notify if first else None
        if notify is not None:
            notify(self._reason)


IMPORTS = ImportHealth()


@contextmanager
def importing(what: str) -> Iterator[None]:
    """Import, inside of it, what is too heavy for the start of the app.

    Args:
        what: the package, for the error.

    Raises:
        NotLoadedError: the import failed, whatever it raised.
    """
    with _ONE_AT_A_TIME:
        try:
            yield
        except Exception as error:
            logger.exception("import_failed package=%s", what)
            IMPORTS.broke(error)
            raise NotLoadedError(what, f"{type(error).__name__}: {error}") from error


def import_broke(error: BaseException) -> bool:
    """Whether an exception, or one that led to it, comes from an import that broke off; if so, the process knows now.

    Packages import parts of themselves at first use, where nobody can take the lock for them.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        broke = isinstance(link, ImportError) or type(link).__name__ == _DEADLOCK or _HALF_IMPORTED in str(link)
        if broke and not _not_installed(link):
            IMPORTS.broke(link)
            return True
        link = link.__cause__ or link.__context__
    return False


def _not_installed(error: BaseException) -> bool:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return False
    try:
        return importlib.util.find_spec(error.name.partition(".")[0]) is None
    except (ImportError, ValueError):
        return False
