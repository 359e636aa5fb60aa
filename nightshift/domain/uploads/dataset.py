"""Contents that runs have decided on."""

from datetime import datetime

from nightshift.domain.platform.message import Message
from nightshift.domain.uploads.upload import Upload


class AcceptedDataset(Message):
    """A file on whose content a run has decided: the first run and upload with this content.

    Attributes:
        newest: the newest freshness value, if a champion was made of it.
        promoted_by: the run that made it; empty if none has, and in records of before this field.
    """

    model: str
    digest: str
    run: str
    upload: Upload
    newest: str | None
    promoted_by: str = ""
    accepted_at: datetime
