"""The base of every message that crosses a durable boundary, a queue or a port."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """An immutable value with an explicit JSON form; unknown fields are refused where it comes from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that crosses a durable boundary."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read what a release of this app has written: history, a stored record, a blob, an answer of its API.

        That release may have been a newer one, before a rollback. So a field that this one does not know is left out,
        at every depth (ADR 18); people and outside systems are read with ``model_validate``, which refuses it.

        Args:
            value: a JSON object, or JSON text (Durable delivers either).

        Raises:
            pydantic.ValidationError: it is no JSON, or a known field is missing or ill-typed.
        """
        if isinstance(value, str | bytes):
            return cls.model_validate_json(value, extra="ignore")
        return cls.model_validate(value, extra="ignore")
