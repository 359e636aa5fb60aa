"""The checkout of the project: Terraform's files, the local stack and the model specs lie in it, not in the wheel."""

from pathlib import Path

from nightshift.domain.platform.errors import NightshiftError

# Of an installed command this is the folder of its packages, and no checkout.
ROOT = Path(__file__).resolve().parents[2]


class NoCheckoutError(NightshiftError):
    """The command works in a checkout of the project, and it was installed without one."""

    code = "no_checkout"


def in_checkout() -> bool:
    """Whether the command runs from a checkout, and not from an installed wheel."""
    return (ROOT / "function_app.py").is_file()


def checkout_needed(what: str) -> NoCheckoutError:
    """The error that says what needs a checkout, and how to get one."""
    return NoCheckoutError(
        f"{what} needs a checkout of the project: clone it, run `make setup` there and use its .venv/bin/nightshift"
    )
