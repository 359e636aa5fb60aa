"""Whether there is a local stack here: a checkout has one, a command that was installed by itself has none."""

import importlib.util
import sys

from nightshift.delivery.checkout import checkout_needed, in_checkout


def require_local_stack(what: str) -> None:
    """Call this before anything of the local stack is imported.

    Args:
        what: needs the local stack, for the message.

    Raises:
        NoCheckoutError: there is none here.
    """
    if not in_checkout() or importlib.util.find_spec("local_host") is None:
        raise checkout_needed(what)


def stack_errors() -> tuple[type[Exception], ...]:
    """What the local stack raises; nothing if it has not been imported."""
    errors = sys.modules.get("local_host.stack.errors")
    return () if errors is None else (errors.StackError,)
