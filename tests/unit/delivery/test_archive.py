"""A zip depends on what is in it and on nothing else."""

import zipfile
from pathlib import Path

from nightshift.delivery.archive import file_digest, write_zip


def test_order_and_time_leave_no_trace(tmp_path: Path) -> None:
    """The same entries in another order, from files written at another time, give the same bytes."""
    early, late = tmp_path / "early", tmp_path / "late"
    for file in (early, late):
        file.write_bytes(b"content")
    early.touch()
    first = write_zip(tmp_path / "first.zip", {"b.py": early, "a.py": b"text"})
    second = write_zip(tmp_path / "second.zip", {"a.py": b"text", "b.py": late})
    assert first == second
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_what_was_written_can_be_read(tmp_path: Path) -> None:
    """Names, content and modes that a Linux host can use."""
    path = tmp_path / "out" / "package.zip"
    digest = write_zip(path, {"folder/a.py": b"text"})
    with zipfile.ZipFile(path) as archive:
        assert archive.read("folder/a.py") == b"text"
        assert archive.getinfo("folder/a.py").external_attr >> 16 == 0o100644
    assert digest == file_digest(path)
