"""The scan of a CSV file's bytes before it is parsed: encoding, NUL bytes, line lengths, quotes.

One pass in blocks of 1 MiB, about 1.5 GB/s, because a parser's own message about these never says where.
"""

import codecs
import re
from dataclasses import dataclass
from pathlib import Path

from nightshift.validation.unreadable import UnreadableFileError

MAX_LINE_BYTES = 2 * 1024 * 1024
_BLOCK_BYTES = 1024 * 1024
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FOREIGN_STARTS = {
    b"PAR1": "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"PK\x03\x04": "a ZIP archive (or an Excel workbook)",
    b"\x1f\x8b": "a gzip archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"BZh": "a bzip2 archive",
}


@dataclass(frozen=True)
class CsvBytes:
    """What the bytes say.

    Attributes:
        has_quotes: whether any cell may be quoted.
        lone_return: offset of the first carriage return that is no part of CR LF, in a file that has line feeds, too;
            legal only inside quotes, because parsers disagree on what it ends.
    """

    has_quotes: bool
    lone_return: int | None


def inspect_csv_bytes(path: Path) -> CsvBytes:
    """Read the file once and refuse what no CSV parser should see.

    Raises:
        UnreadableFileError: rule ``readable`` (empty, another format), ``encoding`` (not UTF-8; the message names the
            first bad byte) or ``format`` (NUL byte, a line of 2 MiB or more).
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = _LineLengths()
    ends = _LineEnds()
    has_quotes = False
    offset = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            if offset == 0:
                _refuse_other_formats(block)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _encoding_error(block, offset, error.start - pending) from error
            if (nul := block.find(b"\0")) >= 0:
                message = (
                    f"NUL byte at offset {offset + nul}: the file is not plain text (UTF-16 saved without a mark?)"
                )
                raise UnreadableFileError("format", message)
            lines.measure(block, offset)
            ends.scan(block, offset)
            has_quotes = has_quotes or b'"' in block
            offset += len(block)
    if offset == 0:
        raise UnreadableFileError("readable", "the file is empty (0 bytes)")
    if cut := len(decoder.getstate()[0]):
        raise UnreadableFileError("encoding", f"not UTF-8: the character at byte offset {offset - cut} is cut off")
    return CsvBytes(has_quotes=has_quotes, lone_return=ends.lone_return if ends.has_feeds else None)


class _LineLengths:
    """Refuses a line that is too long; lines end with LF, CR LF or CR."""

    def __init__(self) -> None:
        self._line_start = 0

    def measure(self, block: bytes, offset: int) -> None:
        """Follow the lines through one more block; a block is shorter than the limit, so only its edges matter."""
        first = min((found for end in (b"\n", b"\r") if (found := block.find(end)) >= 0), default=len(block))
        if offset + first - self._line_start >= MAX_LINE_BYTES:
            message = f"the line that begins at byte offset {self._line_start} is longer than {MAX_LINE_BYTES} bytes"
            raise UnreadableFileError("format", message)
        last = max(block.rfind(b"\n"), block.rfind(b"\r"))
        if last >= 0:
            self._line_start = offset + last + 1


class _LineEnds:
    """Looks for line feeds, and for the first carriage return that no line feed follows."""

    def __init__(self) -> None:
        self.has_feeds = False
        self.lone_return: int | None = None
        self._pending = False

    def scan(self, block: bytes, offset: int) -> None:
        """Scan one more block; a carriage return at its very end is decided by the next block."""
        self.has_feeds = self.has_feeds or b"\n" in block
        if self.lone_return is not None:
            return
        if self._pending and not block.startswith(b"\n"):
            self.lone_return = offset - 1
            return
        self._pending = block.endswith(b"\r")
        if block.count(b"\r") != block.count(b"\r\n") + self._pending:
            match = re.search(rb"\r[^\n]", block)
            self.lone_return = offset + match.start() if match else None


def _refuse_other_formats(block: bytes) -> None:
    for start, name in _FOREIGN_STARTS.items():
        if block.startswith(start):
            raise UnreadableFileError("readable", f"not a CSV file: it is {name}")
    if block.startswith(_UTF16_MARKS):
        message = f"not UTF-8: byte 0x{block[0]:02X} at offset 0 begins a UTF-16 mark; save the file as UTF-8"
        raise UnreadableFileError("encoding", message)


def _encoding_error(block: bytes, offset: int, start: int) -> UnreadableFileError:
    # A character that began in the block before has its first byte there: start is then negative.
    byte = f"byte 0x{block[start]:02X}" if start >= 0 else "the character"
    return UnreadableFileError(
        "encoding",
        f"not UTF-8: {byte} at offset {offset + start} (Latin-1 or Windows-1252 text?); save the file as UTF-8",
    )
