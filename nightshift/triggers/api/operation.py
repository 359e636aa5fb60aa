"""What one operation of the HTTP API takes and gives: the source of its checks and of the OpenAPI document."""

import re
from dataclasses import dataclass
from typing import Literal

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.principal import Role

Shape = Literal["one", "items", "page"]

_LONGEST = 256
# What keys of Azure tables may hold, and what a URL can carry in one segment.
_TEXT = r"[A-Za-z0-9._:@ +-]+"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a path or a query.

    Attributes:
        pattern: of the whole value.
        choices: the values there are; any if empty.
        many: several values, separated by commas.
        kind: of the value in the document.
        default: of a number.
    """

    name: str
    description: str
    pattern: str = _TEXT
    choices: tuple[str, ...] = ()
    many: bool = False
    kind: Literal["text", "number", "time"] = "text"
    default: int = 50

    def check(self, value: str) -> None:
        """Hold a value against the rules that the document tells.

        Raises:
            BadInputError: it breaks one.
        """
        parts = value.split(",") if self.many else [value]
        if self.choices:
            for part in parts:
                if part not in self.choices:
                    raise BadInputError(field=self.name, value=part[:80], rule=f"must be of {', '.join(self.choices)}")
        elif self.kind == "text" and (len(value) > _LONGEST or re.fullmatch(self.pattern, value) is None):
            rule = f"must be of 1 to {_LONGEST} characters and match {self.pattern}"
            raise BadInputError(field=self.name, value=value[:80], rule=rule)

    @property
    def schema(self) -> dict[str, object]:
        """The JSON schema of a value."""
        if self.kind == "number":
            return {"type": "integer", "minimum": 1, "maximum": 1000, "default": self.default}
        if self.kind == "time":
            return {"type": "string", "format": "date-time"}
        text: dict[str, object] = {"type": "string"}
        if self.choices:
            text["enum"] = list(self.choices)
        else:
            text |= {"minLength": 1, "maxLength": _LONGEST, "pattern": f"^{self.pattern}$"}
        return {"type": "array", "items": text, "minItems": 1} if self.many else text


@dataclass(frozen=True)
class Operation:
    """One method at one path.

    Attributes:
        name: of its function, and its operationId.
        path: under ``/api``.
        roles: of which a caller needs one; empty if anybody may call.
        body: what a request carries; ``dict`` for any JSON object.
        answer: what a success carries; ``dict`` for any JSON object. ``shape`` says whether one, or ``items`` of them.
        status: of a success.
        unwell: a status that carries the same answer as a success.
        problems: statuses of what may go wrong, besides those that any operation has.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    roles: tuple[Role, ...]
    answer: type[Message] | type[dict[str, object]]
    shape: Shape = "one"
    status: int = 200
    unwell: int | None = None
    query: tuple[Parameter, ...] = ()
    body: type[Message] | type[dict[str, object]] | None = None
    body_required: bool = True
    problems: tuple[int, ...] = ()

    @property
    def path_names(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def statuses(self) -> tuple[int, ...]:
        """Statuses of all problems that it may answer with."""
        found = {500, 502, 503, *self.problems}
        found |= {401, 403} if self.roles else set()
        found |= {400} if self.query or self.path_names or self.body else set()
        found |= {413} if self.body else set()
        return tuple(sorted(found - {self.unwell}))
