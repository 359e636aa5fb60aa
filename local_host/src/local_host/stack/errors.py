"""What can keep the stack from starting or stopping."""

from __future__ import annotations

from typing import Literal

StackErrorCode = Literal[
    "already_running",
    "not_running",
    "node_missing",
    "node_too_old",
    "azurite_missing",
    "package_missing",
    "port_in_use",
    "state_unwritable",
    "state_unreadable",
    "app_config",
    "component_failed",
    "component_not_ready",
    "supervisor_failed",
    "not_stopped",
]


class StackError(RuntimeError):
    """`code` for programs, `message` for what is wrong, `hint` for what to do about it."""

    def __init__(self, code: StackErrorCode, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.code: StackErrorCode = code
        self.message = message
        self.hint = hint
