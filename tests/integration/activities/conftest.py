"""Activities on real storage and a real registry."""

from tests.integration.model_fixtures import *  # noqa: F403 - its fixtures, as its __all__ names them
