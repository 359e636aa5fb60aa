"""Identities: derived from the event and its content, never from a clock, so that a repeat finds its own traces."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import Field

from nightshift.domain.platform.names import IMPROVEMENT, LIFECYCLE

MODEL_NAME = r"^[a-z][a-z0-9_]{1,62}$"
ModelName = Annotated[str, Field(pattern=MODEL_NAME)]

# Ids of lifecycle runs begin with it, and no others.
RUN_PREFIX: Final = f"{LIFECYCLE}-"
# The id of a run or of its improvement loop within a sentence.
RUN_IN_TEXT: Final = re.compile(rf"\b((?:{LIFECYCLE}|{IMPROVEMENT})-[a-z][a-z0-9_]*-[0-9a-f]{{8,}})\b")

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


@dataclass(frozen=True)
class RunId:
    """The id of a lifecycle run or of its improvement loop, taken apart.

    Attributes:
        kind: ``lifecycle`` or ``improvement``.
        about: ``model-identity`` of the run's first upload; a run and its loop have it in common.
    """

    kind: str
    about: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Take an instance id apart; None if it is that of another orchestration, or none."""
        kind, _, about = text.partition("-")
        return cls(kind, about) if kind in {LIFECYCLE, IMPROVEMENT} and about else None

    def __str__(self) -> str:
        """The id as it was."""
        return f"{self.kind}-{self.about}"

    @property
    def model(self) -> str:
        """The model. The identity of an upload has no hyphen; the name of a folder that is no model may have some."""
        return self.about.rpartition("-")[0]

    @property
    def relative(self) -> Self:
        """The improvement loop of a run, the run of an improvement loop."""
        return type(self)(IMPROVEMENT if self.kind == LIFECYCLE else LIFECYCLE, self.about)


def idempotency_token(run: str, job: str, attempt: int) -> str:
    """Databricks idempotency token (at most 64 characters) of one attempt at one job of a run."""
    return hashlib.sha256(f"{run}\n{job}\n{attempt}".encode()).hexdigest()
