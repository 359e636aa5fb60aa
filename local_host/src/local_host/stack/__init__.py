"""The local stack: what the commands up, down and doctor do."""

from local_host.stack.azurite import install_azurite
from local_host.stack.catalogue import COMPONENT_NAMES, ComponentName
from local_host.stack.detached import start_detached
from local_host.stack.doctor import Finding, doctor
from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError
from local_host.stack.events import Progress, StackEvent
from local_host.stack.foreground import run_in_foreground
from local_host.stack.running_stack import RunningStack
from local_host.stack.stack import Stack

__all__ = [
    "COMPONENT_NAMES",
    "ComponentName",
    "Endpoints",
    "Finding",
    "Progress",
    "RunningStack",
    "Stack",
    "StackError",
    "StackEvent",
    "doctor",
    "install_azurite",
    "run_in_foreground",
    "start_detached",
]
