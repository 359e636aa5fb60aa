"""Contents that runs have decided on."""

from datetime import datetime

from domain.message import Message
from domain.upload import Upload


class AcceptedDataset(Message):
    """A file on whose content a run has decided: the first run and upload with this content.

    Attributes:
        newest: the newest freshness value, if the run made a champion of it.
    """

    model: str
    digest: str
    run: str
    upload: Upload
    newest: str | None
    accepted_at: datetime
