"""The identity's token: no token is an error of ours, so that a planner can fall back to its rules."""

from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from nightshift.clients.improvement.language_model import Deployment, OpenAILanguageModel
from nightshift.clients.improvement.language_model_identity import identity_token
from nightshift.domain.improvement.language_model import Prompt, Turn

SCOPE = "https://cognitiveservices.azure.com/.default"


class _Credential:
    """A credential that says what the test wants."""

    def __init__(self, answer: AccessToken | Exception) -> None:
        self.asked: list[str] = []
        self._answer = answer

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token, or an error."""
        self.asked += scopes
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def test_the_token_is_for_the_audience_of_the_settings() -> None:
    """It is asked for when a question is asked, and not before."""
    credential = _Credential(AccessToken("t", 2**31))
    token = identity_token(credential, SCOPE)
    assert credential.asked == []
    assert (token(), credential.asked) == ("t", [SCOPE])


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        (ClientAuthenticationError("no identity is assigned"), False),
        (ServiceRequestError("the identity endpoint does not answer"), True),
        (OSError(24, "too many open files"), True),
        (KeyError("IDENTITY_HEADER"), True),
        (RuntimeError("no event loop"), True),
        (ImportError("no module named msal"), True),
        (AccessToken("", 2**31), False),
    ],
)
def test_no_token_is_a_failure_before_anything_is_sent(answer: AccessToken | Exception, again: bool) -> None:
    """Whatever the identity raises: the question has its reason, and cost nothing; nobody listens at the address."""
    model = OpenAILanguageModel(
        "http://127.0.0.1:9/v1/", Deployment("gpt-5-mini"), identity_token(_Credential(answer), SCOPE)
    )
    prompt = Prompt(
        turns=(Turn(role="user", text="?"),), schema_name="plan", answer_schema={"type": "object"}, answer_tokens=10
    )
    found = model.complete(prompt)
    assert (found.finish, found.tokens, found.again_after is not None) == ("failed", 0, again)
    assert "no token: " in found.text
