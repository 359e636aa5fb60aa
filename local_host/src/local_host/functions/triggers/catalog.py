"""Which trigger types the host serves, and by what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from local_host.functions.triggers.eventgrid import EventGridSource
from local_host.functions.triggers.http import HttpSource
from local_host.functions.triggers.servicebus import ServiceBusSource
from local_host.functions.triggers.source import SourceSetting, TriggerSource
from local_host.functions.triggers.timer import TimerSource

SOURCES: Mapping[str, Callable[[SourceSetting], TriggerSource]] = MappingProxyType(
    {
        "eventGridTrigger": EventGridSource,
        "serviceBusTrigger": ServiceBusSource,
        "timerTrigger": TimerSource,
        # Last, because with an empty route prefix its route takes every path.
        "httpTrigger": HttpSource,
    }
)
"""Trigger type -> what turns such events into invocations."""

ORCHESTRATION, ACTIVITY = "orchestrationTrigger", "activityTrigger"
DURABLE_TRIGGERS = (ORCHESTRATION, ACTIVITY)
"""The trigger types that the durable engine serves."""

SUPPORTED_TRIGGERS = (*SOURCES, *DURABLE_TRIGGERS)
