"""What an app with wrong settings does: it names them, answers 503, and takes no work (ADR 34).

If the app did not load instead, the Functions host would index no function at all: every address would answer 404 or
503 without a reason. If it took work, each alert would fail until its queue gave it up. So only HTTP stays: messages
wait in their queues, and orchestrations in their task hub, until the settings are right and the host starts again.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import MisconfiguredError
from nightshift.domain.platform.problem_status import status_of
from nightshift.triggers.health_api import may_see
from nightshift.triggers.problem import problem
from nightshift.wiring.provider import ServicesProvider

logger = logging.getLogger(__name__)

# Every host needs it. Where it is not set nobody runs the app: its functions are only listed.
_HOST_STORAGE = "AzureWebJobsStorage"
# It says that the process answers, and which version it is, and nothing else.
_ANSWERS_ALWAYS = frozenset({"health"})


def refuse_work_if_misconfigured(app: df.DFApp, services: ServicesProvider, environ: Mapping[str, str]) -> None:
    """Read the settings at the start; if some are wrong, log each, and leave only HTTP functions, which answer 503."""
    if not any(name.startswith(_HOST_STORAGE) for name in environ):
        return
    try:
        services.settings()
    except MisconfiguredError as error:
        for line in error.problems:
            logger.critical("setting_wrong %s", line)
        app._function_builders = [
            builder for builder in app._function_builders if builder._function.get_trigger().type == "httpTrigger"
        ]
        for builder in app._function_builders:
            function = builder._function
            if function.get_function_name() not in _ANSWERS_ALWAYS:
                function._func = _refusing(function._func, error)


def _refusing(call: Callable[..., Awaitable[Any]], error: MisconfiguredError) -> Callable[..., Awaitable[Any]]:
    @wraps(call)
    async def refuse(*_: Any, **kwargs: Any) -> Any:
        request = next(value for value in kwargs.values() if isinstance(value, func.HttpRequest))
        detail = f"{len(error.problems)} of the app's settings are missing or wrong; its log names each (setting_wrong)"
        return problem(status_of(error), error.code, error.message if may_see(request) else detail)

    return refuse
