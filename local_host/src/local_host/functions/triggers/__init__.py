"""Trigger sources: each turns one kind of outside event into invocations.

A new trigger type is one module here with a class of the shape `TriggerSource` and one line in `SOURCES` of
catalog.py.
"""
