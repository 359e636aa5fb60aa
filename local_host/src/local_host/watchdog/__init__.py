"""Ends the processes that another process has started as soon as that one has ended, even by SIGKILL; writes logs."""

from local_host.watchdog.watchdog import Watchdog, children_ended

__all__ = ["Watchdog", "children_ended"]
