"""What senders write reaches people as text: by mail through a real SMTP server, in a chat through a real webhook."""

from collections.abc import Iterator

import pytest

from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import BadInputError
from nightshift.services.uploads.read_event import parse_event
from tests.integration.clients.notifications.test_notifier import Sink, note
from tests.support.smtp_sink import SmtpSink

EVIL = (
    '<a href="http://evil.example">click here to approve</a> <img src="http://evil.example/seen.png"> '
    "[approve](http://evil.example) <http://evil.example|approve> <!channel> <@U1> @everyone"
)


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    """A mail server for this test."""
    sink = SmtpSink()
    yield sink
    sink.close()


@pytest.fixture
def chat() -> Iterator[Sink]:
    """A chat's webhook for this test."""
    sink = Sink()
    yield sink
    sink.close()


def _mail_to(sink: SmtpSink, more: str = "") -> AppriseNotifier:
    return AppriseNotifier(
        f"mailto://127.0.0.1:{sink.port}?from=nightshift@example.com&to=oncall@example.com{more}", None
    )


def _send(notifier: AppriseNotifier, told: Notification) -> None:
    (address,) = notifier.addresses(told)
    notifier.send(told, address)


def _texts(sink: SmtpSink) -> dict[str, str]:
    """The parts of the one mail that came, by their types, and its subject."""
    (message,) = sink.mails
    parts = [part for part in message.walk() if not part.is_multipart()]
    return {"subject": str(message["Subject"])} | {part.get_content_type(): part.get_content() for part in parts}


def test_a_mail_carries_text_as_text(mail: SmtpSink) -> None:
    """There is no HTML in which a link could be live, and the text is the sender's to the letter."""
    _send(_mail_to(mail), note(title=EVIL, body=EVIL))
    texts = _texts(mail)
    assert set(texts) == {"subject", "text/plain"}
    assert (texts["subject"], texts["text/plain"].strip()) == (EVIL, EVIL)


def test_a_mail_that_is_wanted_as_html_quotes_the_text(mail: SmtpSink) -> None:
    """An address may ask for HTML: what a sender wrote is shown in it, and is none."""
    _send(_mail_to(mail, "&format=html"), note(body=EVIL))
    page = _texts(mail)["text/html"]
    assert ("<a href" in page, "<img" in page, "&lt;img" in page) == (False, False, True)


def test_a_title_cannot_add_a_recipient(mail: SmtpSink) -> None:
    """A title is one line: a header of its own would be one more line."""
    _send(_mail_to(mail), note(title="spend\r\nBcc: thief@evil.example", body="b"))
    assert _texts(mail)["subject"] == "spend Bcc: thief@evil.example"
    assert [line for line in mail.recipients if "thief" in line] == []


@pytest.mark.parametrize("kind", ["mmost", "rocket"])
def test_a_chat_has_no_link_and_no_mention(chat: Sink, kind: str) -> None:
    """The words are there for people; nothing in them is live, nobody is called, in the title as in the body."""
    place = chat.url.removeprefix("json://").removesuffix("/hook")
    url = {"mmost": f"mmost://{place}/3ccdd113474722377935511fc85d3dd4", "rocket": f"rocket://a/b@{place}/#on-call"}[
        kind
    ]
    _send(AppriseNotifier(url, None), note(title=f"TITLE {EVIL}", body=f"BODY {EVIL}"))
    said = " ".join(str(body["text"]) for body in chat.bodies)
    assert [word for word in ("TITLE", "BODY", "click here to approve") if word not in said] == []
    live = ("](http", "<http", "<a", "<img", "<!", "<@", "@everyone", "@U1")
    assert [syntax for syntax in live if syntax in said] == []


def test_text_that_turns_around_is_straightened(chat: Sink) -> None:
    """Marks of direction would let a sender show another text than the one that was sent."""
    _send(AppriseNotifier(chat.url, None), note(title="pay \u202etxt.exe", body="a\u2066b\x07c\nd"))
    assert [(body["title"], body["message"]) for body in chat.bodies] == [("pay txt.exe", "a b c\nd")]


def test_a_malformed_blob_event_is_text(mail: SmtpSink) -> None:
    """What cannot be read is told with the words that came."""
    with pytest.raises(BadInputError) as raised:
        parse_event(EVIL.encode(), "m1")
    assert "evil.example" in raised.value.message
    told = note(title="A blob event cannot be read; its upload is not worked on", body=raised.value.message)
    _send(_mail_to(mail), told)
    assert set(_texts(mail)) == {"subject", "text/plain"}
