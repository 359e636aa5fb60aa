"""What the steps of every orchestration share: how long they are tried, how a job runs, how they fail."""

from typing import Any

from pydantic import Field

from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import Polling


class Failure(Message):
    """Why a step could not do its work; ``code`` is one of nightshift.domain.platform.errors or of a job's end."""

    step: str
    code: str
    message: str
    fields: dict[str, Any] = {}


class FailedStepError(NightshiftError):
    """A step that was called outside an orchestration has given a failure as its result; the code is the failure's."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, step=failure.step)
        self.code = failure.code


class Patience(Message):
    """How long a step is tried again while an outside system does not answer."""

    attempts: int = Field(default=20, ge=1)
    seconds: float = Field(default=15, gt=0)


class JobSettings(Message):
    """What the orchestrator needs of the spec to run the job."""

    job: str
    max_attempts: int
    retry_seconds: float
    polling: Polling
