"""The look at a CSV file's bytes."""

from pathlib import Path

import pytest

from nightshift.validation.csv_bytes import MAX_LINE_BYTES, inspect_csv_bytes
from nightshift.validation.unreadable import UnreadableFileError

BLOCK = 1024 * 1024


def refuse(path: Path, content: bytes) -> tuple[str, str]:
    """Return rule and message of the refusal."""
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError) as caught:
        inspect_csv_bytes(path)
    return caught.value.violation.rule, caught.value.violation.message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file goes."""
    return tmp_path / "upload.csv"


@pytest.mark.parametrize(
    ("content", "rule", "part"),
    [
        (b"", "readable", "empty (0 bytes)"),
        (b"PAR1....", "readable", "a Parquet file"),
        (b"PK\x03\x04....", "readable", "ZIP archive"),
        (b"\x1f\x8b....", "readable", "gzip"),
        ("a,b\n1,2\n".encode("utf-16"), "encoding", "UTF-16 mark"),
        ("a,b\n1,2\n".encode("utf-16-le"), "format", "NUL byte at offset 1"),
        ("a,b\n1,é\n".encode("latin-1"), "encoding", "byte 0xE9 at offset 6"),
        (b"a,b\n1,\xc3", "encoding", "offset 6 is cut off"),
        (b"a,b\n1,\0\n", "format", "NUL byte at offset 6"),
    ],
)
def test_refusals(path: Path, content: bytes, rule: str, part: str) -> None:
    """Each kind of foreign bytes has its own message."""
    found_rule, message = refuse(path, content)
    assert found_rule == rule
    assert part in message


def test_offset_beyond_the_first_block(path: Path) -> None:
    """The offset counts from the start of the file."""
    content = b"a\n" + b"12345\n" * (BLOCK // 4)
    rule, message = refuse(path, content + b"\xff\n")
    assert (rule, f"byte 0xFF at offset {len(content)}" in message) == ("encoding", True)


def test_bad_character_across_two_blocks(path: Path) -> None:
    """A character that begins in one block and breaks in the next is named by its first byte."""
    start = b"a\n" * (BLOCK // 2 - 1) + b"x"  # one byte short of a block
    rule, message = refuse(path, start + b"\xc3" * 2)
    assert (rule, f"at offset {len(start)} " in message) == ("encoding", True)


@pytest.mark.parametrize("before", [b"", b"a,b\n", b"a\n" * BLOCK])
def test_line_length(path: Path, before: bytes) -> None:
    """A line of the limit is refused, one byte less is not, wherever it begins."""
    path.write_bytes(before + b"x" * (MAX_LINE_BYTES - 1) + b"\n1\n")
    assert not inspect_csv_bytes(path).has_quotes
    rule, message = refuse(path, before + b"x" * MAX_LINE_BYTES + b"\n1\n")
    assert (rule, f"begins at byte offset {len(before)} " in message) == ("format", True)


def test_multibyte_text_and_quotes(path: Path) -> None:
    """Characters across block edges are whole; a quote anywhere is seen."""
    path.write_bytes(b"x" + "é😀\n".encode() * (BLOCK // 3) + b'"')
    assert inspect_csv_bytes(path).has_quotes


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\r\n1\r\n", None),
        (b"a\r1\r", None),
        (b"a\n1\n", None),
        (b"a\r\n1\r2\n", 4),
        (b"a\n1\r", None),
        (b"a\n" * (BLOCK // 2 - 1) + b"x\r" + b"2\n", BLOCK - 1),
        (b"a\n" * (BLOCK // 2 - 1) + b"x\r" + b"\n2\n", None),
        (b"a\n" * (BLOCK // 2 - 1) + b"x\r" + b"\n2\r3", BLOCK + 2),
    ],
)
def test_lone_returns(path: Path, content: bytes, expected: int | None) -> None:
    """The first carriage return without line feed is found, also at a block's edge; the last byte ends the file."""
    path.write_bytes(content)
    assert inspect_csv_bytes(path).lone_return == expected
