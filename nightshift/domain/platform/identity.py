"""Identities: derived from the event and its content, never from a clock, so that a repeat finds its own traces."""

import hashlib
import json
import re
from typing import Annotated

from pydantic import Field

MODEL_NAME = r"^[a-z][a-z0-9_]{1,62}$"
ModelName = Annotated[str, Field(pattern=MODEL_NAME)]

_UNSAFE = re.compile(r"[^a-z0-9_.-]+")


def digest(value: object) -> str:
    """SHA-256 (hex) of a JSON value in canonical form: sorted keys, no spaces, UTF-8."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def short(*parts: str) -> str:
    """First 16 hex digits of the SHA-256 of the parts, each on its own line."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def slug(text: str) -> str:
    """Text reduced to characters that instance ids, table keys and blob names all allow, at most 64 of them."""
    return _UNSAFE.sub("-", text.lower())[:64].strip("-.") or "unnamed"


def instance_id(kind: str, model: str, event_identity: str) -> str:
    """Id of the orchestration of one event: ``kind-model-identity``, in characters that Durable allows."""
    return f"{kind}-{slug(model)}-{event_identity}"


def idempotency_token(run: str, job: str, attempt: int) -> str:
    """Databricks idempotency token (at most 64 characters) of one attempt at one job of a run."""
    return hashlib.sha256(f"{run}\n{job}\n{attempt}".encode()).hexdigest()
