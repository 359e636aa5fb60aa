"""A deployment goes forward: of two that wait for an approval, the older one must not undo the newer."""

from pathlib import Path

from nightshift.delivery.command import CommandError, run
from nightshift.delivery.commit import Commit
from nightshift.domain.platform.errors import BadInputError


def refuse_backwards(root: Path, deployed: str, version: str, environment: str) -> None:
    """Let a version pass if it comes after the one that was deployed, or is that one.

    Args:
        root: the checkout with its whole history.
        deployed: the version that the environment has; empty if it has none.

    Raises:
        BadInputError: the commit that is deployed is no ancestor, or is unknown here.
    """
    if deployed in {"", version}:
        return
    try:
        before = Commit.find(root, deployed).digest
    except CommandError as error:
        rule = f"{environment} has {deployed}, a commit that this checkout does not know: fetch the whole history"
        raise BadInputError(field="version", value=version, rule=rule) from error
    try:
        common = run("git", "merge-base", before, Commit.find(root, version).digest, cwd=root).decode().strip()
    except CommandError:
        common = ""
    if common != before:
        rule = (
            f"does not come after {deployed}, which {environment} has: a deployment goes forward only; "
            f"to go back, `make rollback ENV={environment} VERSION=...`"
        )
        raise BadInputError(field="version", value=version, rule=rule)
