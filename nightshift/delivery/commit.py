"""Which files of a commit belong to the app: everything that ``.funcignore`` does not leave out."""

import io
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nightshift.delivery.command import run

IGNORE_FILE = ".funcignore"
_VERSION_DIGITS = 12


@dataclass(frozen=True)
class Commit:
    """A commit of the repository at ``root``; what lies uncommitted in the folder has no part in it.

    Attributes:
        digest: the commit's full digest.
        committed_at: UTC.
    """

    root: Path
    digest: str
    committed_at: datetime

    @classmethod
    def find(cls, root: Path, name: str = "HEAD") -> "Commit":
        """The commit that a branch, a tag or a digest names.

        Raises:
            CommandError: there is no such commit.
        """
        shown = run("git", "log", "-1", "--format=%H %ct", "--end-of-options", name, cwd=root).decode().split()
        return cls(root, shown[0], datetime.fromtimestamp(int(shown[1]), UTC))

    @property
    def version(self) -> str:
        """The version of a package built from it."""
        return self.digest[:_VERSION_DIGITS]

    def files(self) -> dict[str, bytes]:
        """Every file of the commit, by its path."""
        archive = run("git", "archive", "--format=tar", self.digest, cwd=self.root)
        with tarfile.open(fileobj=io.BytesIO(archive)) as members:
            read = {member.name: members.extractfile(member) for member in members if member.isfile()}
            return {name: content.read() for name, content in read.items() if content is not None}

    def app_files(self) -> dict[str, bytes]:
        """The files that belong to the app, by their path. Git itself judges the patterns, which are its own."""
        files = self.files()
        with tempfile.TemporaryDirectory() as folder:
            ignore = Path(folder) / "ignore"
            ignore.write_bytes(files[IGNORE_FILE])
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            run("git", "read-tree", self.digest, cwd=self.root, extra=index)
            listed = run("git", "ls-files", "-z", "-c", "-i", "-X", str(ignore), cwd=self.root, extra=index)
        left_out = {IGNORE_FILE, *listed.decode().split("\0")}
        return {name: content for name, content in files.items() if name not in left_out}
