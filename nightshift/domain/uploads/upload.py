"""An upload: the event that starts a lifecycle."""

from datetime import datetime

from nightshift.domain.platform.correlation import Traceparent
from nightshift.domain.platform.identity import short, slug
from nightshift.domain.platform.message import Message

# The model of a blob that lies in no folder.
UNROUTED = "unrouted"


class BlobRef(Message):
    """Where a blob is; with an etag, exactly which content."""

    container: str
    name: str
    etag: str | None = None


class StoredBlob(Message):
    """A blob that is there: ``blob`` with its etag, ``size`` in bytes."""

    blob: BlobRef
    size: int


# Written beside a file, or before it has its name: Hadoop and Spark, editors and file managers, clients of SFTP.
_BESIDE = (".crc", "_$folder$", ".tmp", ".part", ".filepart", "._copying_")
_DESKTOP = ("thumbs.db", "desktop.ini")


def passed_over(name: str, size: int | None = None) -> str:
    """Why a blob is no upload but a marker, a hidden or an unfinished file; empty for an upload.

    Args:
        size: in bytes; None if it is not known.
    """
    segments = name.split("/")
    last = segments[-1].lower()
    if any(segment.startswith(("_", ".")) for segment in segments):
        return "a part of its path begins with _ or ."
    if last.startswith("~$"):
        return "it is the lock file of an office program"
    if last.endswith(_BESIDE) or last in _DESKTOP:
        return "files with such names are written beside the data, or before it is whole"
    if size == 0 and "." not in last:
        return "an empty blob without a file extension marks a folder"
    return ""


class Upload(Message):
    """One file in the container of the uploads, created or renamed.

    Attributes:
        url: the blob's address as the event gives it.
        etag: version of the content that the event announces; of a renamed blob, the one that is there.
        size: bytes.
        event_time: when the storage account accepted the blob (UTC).
        again: why a file that was trained on before is trained on again, such as an incident's id; empty for a new one.
        improve: whether a person has asked that its run goes on into the improvement loop unless it is promoted.
    """

    url: str
    container: str
    name: str
    etag: str
    size: int
    event_time: datetime
    event_id: str
    again: str = ""
    trace: Traceparent = ""
    improve: bool = False

    @property
    def identity(self) -> str:
        """The same for every delivery of the event, different for every content and for every retraining on it."""
        return short(self.url, self.etag, self.again) if self.again else short(self.url, self.etag)

    @property
    def folder(self) -> str:
        """The first folder of the blob's name, as the uploader wrote it; empty for a blob in no folder."""
        folder, separator, _ = self.name.partition("/")
        return folder if separator else ""

    @property
    def model(self) -> str:
        """The model that the first folder of the blob's name says; ``unrouted`` for a blob in no folder.

        A folder that cannot be a model's name gets a harmless name of its own, so that its run can say what is wrong.
        """
        folder = self.folder
        if "/" not in self.name:
            return UNROUTED
        return folder if slug(folder) == folder else f"{slug(folder)[:40]}-{short(folder)[:6]}"

    @property
    def suffix(self) -> str:
        """Lower-case file extension without its dot, such as ``csv``."""
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""

    @property
    def blob(self) -> BlobRef:
        """The exact content that the event announces; a kept file bears its digest in its name instead."""
        return BlobRef(container=self.container, name=self.name, etag=None if self.again else self.etag)
