"""Instance ids: their rule, and new ones."""

from __future__ import annotations

import uuid

from local_host.durable.errors import InvalidRequestError

_MAX_LENGTH = 256


def new_instance_id() -> str:
    """A GUID without dashes, as the durable extension makes them."""
    return uuid.uuid4().hex


def check_instance_id(instance_id: str) -> str:
    r"""The id itself if it follows Azure's rule; InvalidRequestError if not.

    1 to 256 characters, none of `/ \ # ?` and no control characters, and not starting with `@`.
    """
    if not 1 <= len(instance_id) <= _MAX_LENGTH:
        raise InvalidRequestError("instanceId", instance_id, f"must have 1 to {_MAX_LENGTH} characters")
    if instance_id.startswith("@"):
        raise InvalidRequestError("instanceId", instance_id, "must not start with '@' (that is for entities)")
    if any(character in "/\\#?" or not character.isprintable() for character in instance_id):
        raise InvalidRequestError("instanceId", instance_id, "must not hold / \\ # ? or control characters")
    return instance_id
