"""Runs the functions host as a real process over tiny apps."""

from local_host.testing.functions_host import start_host

__all__ = ["start_host"]
