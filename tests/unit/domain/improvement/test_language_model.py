"""What a request to a language model may have cost."""

import pytest
from pydantic import ValidationError

from nightshift.domain.improvement.language_model import Completion


def test_no_request_gives_tokens_back() -> None:
    """A count below zero would raise the ceiling, and end the loop after its job has run."""
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Completion(text="{}", finish="stop", tokens=-15, model="m")
