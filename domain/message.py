"""The base of every message that crosses a durable boundary, a queue or a port."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """An immutable value with an explicit JSON form; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that crosses a durable boundary."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read a message from a JSON object or from JSON text (Durable delivers either).

        Raises:
            pydantic.ValidationError: a field is missing, unknown or ill-typed.
        """
        if isinstance(value, str):
            value = json.loads(value)
        return cls.model_validate(value)
