"""What the commands say of an answer that is not the app's, and of an id that would make another address."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nightshift.cli.main import main
from tests.support.loopback_server import Answering, LoopbackServer

FILE = "FILE"
COMMANDS = (
    "runs",
    "in-flight",
    "show lifecycle-m-1",
    "show i1",
    "explain lifecycle-m-1",
    "explain i1",
    "models",
    "models m",
    "ledger",
    "ledger --verify",
    "reviews",
    "review r1",
    "approve r1 --comment why",
    "reject r1 --comment why",
    "ask-improvement r1 --comment why",
    "incidents",
    "alert degradation --model m",
    "alert pipeline",
    "acknowledge i1",
    "resolve i1",
    "undo i1 --comment why",
    "dlq list",
    "dlq show l1",
    "dlq redrive l1 --yes",
    "dlq redrive --filter queue=q --yes",
    "dlq discard l1 --comment why",
    "improve m --comment why",
    "feedback lifecycle-m-1 --round 1 --helpful --comment why",
    "handover",
    f"upload mm {FILE}",
)
JSON, HTML, PROBLEM = "application/json", "text/html", "application/problem+json"
ANSWERS = {
    "a sign-in page": (200, HTML, b"<html>sign in</html>"),
    "nothing": (200, JSON, b""),
    "no UTF-8": (200, JSON, b'{"items": "\xff"}'),
    "null": (200, JSON, b"null"),
    "a list": (200, JSON, b"[]"),
    "an object": (200, JSON, b"{}"),
    "other items": (200, JSON, b'{"items": [1], "next": 2}'),
    "nested too deep": (200, JSON, b"[" * 100_000),
    "a problem without title": (400, PROBLEM, b'{"foo": 1}'),
    "a problem that is a list": (404, PROBLEM, b"[]"),
    "a problem in HTML": (404, PROBLEM, b"<html>"),
}


class Said(NamedTuple):
    """How a command ended."""

    code: object
    out: str
    err: str


class Elsewhere:
    """Something that answers every request alike, and counts them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.gives = ANSWERS["an object"]
        outer = self

        class Handler(Answering):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, kind, body = outer.gives
                self.answer(status, body, {"content-type": kind})

            do_POST = do_GET  # noqa: N815 - the base class names it so

        self.server = LoopbackServer(Handler)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Elsewhere]:
    """What the commands take for the app."""
    found = Elsewhere()
    monkeypatch.setenv("NIGHTSHIFT_URL", found.server.url)
    yield found
    found.server.close()


def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> Said:
    """The whole command, as a shell calls it; what it does not catch ends the test."""
    monkeypatch.setattr(sys, "argv", ["nightshift", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return Said(ended.value.code, *capsys.readouterr())


@pytest.mark.parametrize("command", COMMANDS)
def test_an_answer_that_is_not_the_apps_is_one_clear_error(
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: str,
) -> None:
    """With the address, the status, the content type and what to look at; as JSON for scripts."""
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n", encoding="utf-8")
    arguments = [str(file) if word == FILE else word for word in shlex.split(command)]
    for name, gives in ANSWERS.items():
        elsewhere.gives = gives
        said = _run(monkeypatch, capsys, [*arguments, "--json"])
        assert (name, said.code, said.out) == (name, 1, "")
        error = json.loads(said.err)["error"]
        assert (name, error["code"]) == (name, "not_the_app")
        for part in (f"HTTP {gives[0]} ({gives[1]})", elsewhere.server.url, "sign-in page or a proxy"):
            assert part in error["message"], name
    said = _run(monkeypatch, capsys, arguments)
    assert (said.code, said.out, said.err.count("error: ")) == (1, "", 1)


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ("show {}", "RUN|INCIDENT"),
        ("explain {}", "RUN|INCIDENT"),
        ("models {}", "MODEL"),
        ("review {}", "REVIEW"),
        ("approve {} --comment why", "REVIEW"),
        ("reject {} --comment why", "REVIEW"),
        ("ask-improvement {} --comment why", "REVIEW"),
        ("acknowledge {}", "INCIDENT"),
        ("resolve {}", "INCIDENT"),
        ("undo {} --comment why", "INCIDENT"),
        ("dlq show {}", "LETTER"),
        ("dlq redrive {} --yes", "LETTER"),
        ("dlq discard {} --comment why", "LETTER"),
        ("improve {} --comment why", "MODEL"),
        ("feedback {} --round 1 --helpful --comment why", "RUN"),
        ("alert degradation --model {}", "--model"),
    ],
)
@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a?b", "a#b", "%2e", "\udcff", "x" * 300])
def test_what_can_be_no_id_is_refused_before_anything_is_sent(
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    field: str,
    value: str,
) -> None:
    """By the argument's name, its value and the rule. No id is never all that there are."""
    arguments = [value if word == "{}" else word for word in command.split()]
    said = _run(monkeypatch, capsys, [*arguments, "--json"])
    error = json.loads(said.err)["error"]
    assert (said.code, said.out, error["code"], elsewhere.asked) == (1, "", "bad_input", [])
    assert error["message"].startswith(f"{field} = {value[:80]!r}: must be an id or a name")


@pytest.mark.parametrize("id_", ["lifecycle-revenue_forecast-1816f56335497ab4", "m.1", "a:b@c+d e", "..."])
def test_what_the_api_takes_as_an_id_is_sent(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], id_: str
) -> None:
    """In the path, whole."""
    _run(monkeypatch, capsys, ["review", id_])
    assert elsewhere.asked == [f"/api/reviews/{id_.replace(' ', '%20')}"]


def test_text_that_cannot_be_sent_is_refused(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A byte that is no UTF-8, in a filter or in a comment."""
    for arguments in (["runs", "--model", "\udcff"], ["resolve", "i1", "--comment", "\udcff"]):
        said = _run(monkeypatch, capsys, arguments)
        assert (said.code, elsewhere.asked) == (1, [])
        assert "cannot be written in UTF-8" in " ".join(said.err.split())


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://", "localhost:7071", "ftp://x", "http://a b", "http://h:99999999"]
)
def test_an_address_that_is_none_names_its_setting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """With the value and the rule."""
    monkeypatch.setenv("NIGHTSHIFT_URL", url)
    said = _run(monkeypatch, capsys, ["runs", "--json"])
    message = json.loads(said.err)["error"]["message"]
    assert said.code == 1
    assert message.startswith(f"NIGHTSHIFT_URL = {url.rstrip('/')!r}: must be the app's address")
