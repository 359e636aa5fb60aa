"""What an app with wrong settings does: it names them, answers 503, and takes no work (ADR 34).

If the app did not load instead, the Functions host would index no function at all: every address would answer 404 or
503 without a reason. If it took work, each alert would fail until its queue gave it up. So only HTTP stays: messages
wait in their queues, and orchestrations in their task hub, until the settings are right and the host starts again.
"""

import logging
from collections.abc import Mapping
from functools import wraps
from typing import Any

import azure.functions as func

from nightshift.domain.platform.errors import MisconfiguredError
from nightshift.domain.platform.problem_status import status_of
from nightshift.functions.authorization import caller_of
from nightshift.functions.registrar import Trigger
from nightshift.triggers.health_api import may_see
from nightshift.triggers.problem import problem
from nightshift.wiring.provider import ServicesProvider

logger = logging.getLogger(__name__)

# Every host needs it. Where it is not set nobody runs the app: its functions are only listed.
_HOST_STORAGE = "AzureWebJobsStorage"
# It says that the process answers, and which version it is, and nothing else.
_ANSWERS_ALWAYS = frozenset({"health"})


def wrong_settings(services: ServicesProvider, environ: Mapping[str, str]) -> MisconfiguredError | None:
    """Read the settings at the start, and log each that is wrong; None if none is."""
    if not any(name.startswith(_HOST_STORAGE) for name in environ):
        return None
    try:
        services.settings()
    except MisconfiguredError as error:
        for line in error.problems:
            logger.critical("setting_wrong %s", line)
        return error
    return None


def refusing(name: str, trigger: Trigger, error: MisconfiguredError) -> Trigger:
    """An HTTP function that answers 503 in place of its own answer."""
    if name in _ANSWERS_ALWAYS:
        return trigger

    @wraps(trigger)
    async def refuse(*_: Any, **kwargs: Any) -> Any:
        request = next(value for value in kwargs.values() if isinstance(value, func.HttpRequest))
        detail = f"{len(error.problems)} of the app's settings are missing or wrong; its log names each (setting_wrong)"
        shown = error.message if may_see(caller_of(request)) else detail
        return problem(status_of(error), error.code, shown)

    return refuse
