"""Which version of orchestrations a release starts."""

import json

import pytest

from nightshift.domain.platform.started_version import started_version


@pytest.mark.parametrize(
    ("durable", "version"), [({"defaultVersion": "12.0"}, 12), ({"defaultVersion": None}, 0), ({}, 0)]
)
def test_it_is_the_first_number_of_the_default(durable: object, version: int) -> None:
    """Without one, what it starts has no version."""
    assert started_version(json.dumps({"extensions": {"durableTask": durable}})) == version
