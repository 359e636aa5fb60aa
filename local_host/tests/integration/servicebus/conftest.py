"""A running broker, and the real SDK as its client."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient

from local_host.testing.broker_process import BrokerProcess

# Enough queues for every test of a worker to have its own.
_QUEUES = 40


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """A broker for all tests that do not kill it, with plain queues and short-lived ones."""
    lines = ["queues:"]
    lines += [f"  - {{name: plain-{number}, max_delivery_count: 3}}" for number in range(_QUEUES)]
    lines += [
        f"  - {{name: short-{number}, lock_duration: 1, max_delivery_count: 2, dead_lettering_on_expiration: true,"
        " duplicate_detection_window: PT10M}"
        for number in range(_QUEUES)
    ]
    lines += [f"  - {{name: renewable-{number}, lock_duration: 6}}" for number in range(_QUEUES)]
    process = BrokerProcess(tmp_path_factory.mktemp("servicebus"), "\n".join(lines)).start()
    yield process
    assert process.stop() == 0, process.log
    assert "Traceback" not in process.log


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    """A number for each test's queue."""
    return iter(range(_QUEUES))


@pytest.fixture
def plain(numbers: Iterator[int]) -> str:
    """The name of an unused queue: locks of a minute, three deliveries."""
    return f"plain-{next(numbers)}"


@pytest.fixture
def short(numbers: Iterator[int]) -> str:
    """The name of an unused queue: locks of a second, two deliveries, duplicate detection, expiry to dead letters."""
    return f"short-{next(numbers)}"


@pytest.fixture
def renewable(numbers: Iterator[int]) -> str:
    """The name of an unused queue: locks of six seconds, which a loaded machine can renew in time."""
    return f"renewable-{next(numbers)}"


@pytest.fixture
def client(broker: BrokerProcess) -> Iterator[ServiceBusClient]:
    """The real client. It does not repeat what fails, so that failures are seen."""
    with ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0) as made:
        yield made


@pytest.fixture
def lonely(tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker of one test, which starts and kills it; queue `work` with locks that outlast a slow start."""
    queues = "queues:\n  - {name: work, lock_duration: PT5M, max_delivery_count: 10}\n"
    process = BrokerProcess(tmp_path / uuid.uuid4().hex, queues)
    yield process
    process.kill()
