"""Threads for what async functions wait for: as many as the worker gives to the other functions."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from weakref import WeakSet

_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
_served: WeakSet[asyncio.AbstractEventLoop] = WeakSet()


def give_threads(loop: asyncio.AbstractEventLoop, environ: Mapping[str, str] = os.environ) -> None:
    """Make ``asyncio.to_thread`` use as many threads as the setting says; a second call changes nothing.

    The worker's setting counts for functions that are not async alone. What async ones hand to a thread goes to the
    loop's own pool of CPUs + 4: five calls that wait for a slow dependency would keep every trigger waiting.
    """
    if loop in _served:
        return
    _served.add(loop)
    if count := environ.get(_SETTING):
        loop.set_default_executor(ThreadPoolExecutor(int(count), thread_name_prefix="waiting"))
