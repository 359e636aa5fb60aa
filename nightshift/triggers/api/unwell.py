"""An answer that is complete, and whose status says that not all is well."""

from dataclasses import dataclass

from nightshift.domain.platform.message import Message


@dataclass(frozen=True)
class Unwell:
    """An answer that goes out with the status that the endpoint declares as ``unwell``."""

    answer: Message
