"""Table storage whose answers are counted."""

from collections.abc import Iterator

import pytest
from azure.data.tables import TableServiceClient

from tests.integration.clients.reads import Reads


@pytest.fixture
def reads() -> Reads:
    """What has been read so far."""
    return Reads()


@pytest.fixture
def counted(storage: str, reads: Reads) -> Iterator[TableServiceClient]:
    """Table storage whose answers are counted."""
    with TableServiceClient.from_connection_string(storage, transport=reads) as service:
        yield service
