"""Orchestrators: order, retries, timers, waits. They call activities by name; no I/O and no clock of their own."""
