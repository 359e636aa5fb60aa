"""Orchestrators: order, retries, timers, waits. They call activities by their declarations; no I/O, no clock."""
