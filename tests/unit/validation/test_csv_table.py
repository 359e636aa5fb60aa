"""Header, ragged rows and broken quotes of CSV files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nightshift.domain.uploads.contract import Column, ContractReport, DataContract
from nightshift.validation.csv_table import SecondReading, read_again, read_header
from nightshift.validation.unreadable import UnreadableFileError

Check = Callable[..., ContractReport]
CONTRACT = DataContract(
    columns=(
        Column(name="a", dtype="integer"),
        Column(name="b", dtype="string", nullable=True),
        Column(name="c", dtype="integer", nullable=True),
    )
)


def found(report: ContractReport) -> list[tuple[str, str | None, int, tuple[str, ...]]]:
    """Return rule, column, count and examples of each violation."""
    return [(item.rule, item.column, item.count, item.examples) for item in report.violations]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiter(check_csv: Check, delimiter: str) -> None:
    """A file with another delimiter is reported in one sentence."""
    report = check_csv("a,b,c\n1,x,2\n".replace(",", delimiter), CONTRACT)
    assert [item.rule for item in report.violations] == ["format"]
    assert "must be separated by commas" in report.violations[0].message


@pytest.mark.parametrize("content", ["\na,b,c\n", '"a,b,c\n1,2,3\n', '"a"b,c\n1,2\n'])
def test_header_that_cannot_be_read(check_csv: Check, content: str) -> None:
    """An empty first line and a header with broken quotes are refused."""
    assert [item.rule for item in check_csv(content, CONTRACT).violations] == ["format"]


def test_header_names(tmp_path: Path) -> None:
    """Names may be quoted, hold line breaks, and follow a byte order mark."""
    path = tmp_path / "upload.csv"
    path.write_text('\ufeff"a\n1","b""",c\n1,2,3\n')
    assert read_header(path, CONTRACT) == ("a\n1", 'b"', "c")
    path.write_bytes(b"\n")
    with pytest.raises(UnreadableFileError, match="first line is empty"):
        read_header(path, CONTRACT)


@pytest.mark.parametrize("quote", ["", '"'], ids=["without quotes", "with quotes"])
def test_ragged_rows(check_csv: Check, quote: str) -> None:
    """Short and long rows are counted with their row numbers, and break no other rule."""
    content = f"a,b,c\n1,{quote}x{quote},1\n2\n3,,\nbad\n4,x,1,1\n5,x\n6,x,1,\n7,x,1,1,1,1\nbad,x,2\n,,\n"
    expected = [
        ("format", None, 3, ("row 2: 1 cells", "row 4: 1 cells", "row 6: 2 cells")),
        ("format", None, 3, ("row 5: more than 3 cells", "row 7: more than 3 cells", "row 8: more than 3 cells")),
        ("nullable", "a", 1, ("row 10: (empty)",)),
        ("dtype", "a", 1, ("row 9: 'bad'",)),
    ]
    report = check_csv(content, CONTRACT)
    assert found(report) == expected
    assert report.rows == 10


@pytest.mark.parametrize(("header", "rule"), [("a,b", "columns"), ("a,b,c,d", "extra_columns")])
def test_header_longer_or_shorter_than_every_row(check_csv: Check, header: str, rule: str) -> None:
    """A header of another length than the rows makes every row ragged."""
    report = check_csv(f"{header}\n1,x,2\n2,y,3\n", CONTRACT)
    assert [(item.rule, item.count) for item in report.violations] == [("format", 2), (rule, 1)]


def test_blank_lines_are_no_rows(check_csv: Check) -> None:
    """Lines without a character are skipped and not numbered."""
    report = check_csv("a,b,c\n\n1,x,2\n\nx,y,3\n\n", CONTRACT)
    assert (found(report), report.rows) == ([("dtype", "a", 1, ("row 2: 'x'",))], 2)


def test_broken_quotes(check_csv: Check) -> None:
    """Text after a closing quote is broken; everything else is still checked."""
    report = check_csv('a,b,c\n1,"x",1\n2,"x"y,1\n3,"x\ny",1\nbad,"z",1\n4,"z" ,1\n', CONTRACT)
    rules = [(item.rule, item.count) for item in report.violations]
    assert rules == [("format", 2), ("dtype", 1)]
    assert report.violations[0].examples[0].startswith("row 2: ")
    assert report.violations[1].examples == ("row 4: 'bad'",)


def test_quote_that_never_closes(check_csv: Check) -> None:
    """The row of an open quote is named, even where it swallows the rest of a large file."""
    rest = "2,y,3\n" * 800_000  # more than a line may hold
    report = check_csv(f'a,b,c\n1,"x",2\n1,"x,2\n{rest}', CONTRACT)
    assert report.violations[0].rule == "format"
    assert report.violations[0].examples[0].startswith("row 2: ")


def test_second_reading(tmp_path: Path) -> None:
    """A file with proper quotes has no broken ones, and its rows are counted."""
    path = tmp_path / "upload.csv"
    path.write_text('a,b\n"x ""y"" z","\n"\n\n1,mid"dle\n')
    assert read_again(path) == SecondReading(rows=2, characters=16, broken_quotes=None)


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_line_ends_may_change(check_csv: Check, ends: str) -> None:
    """LF and CR LF may alternate in a file without quotes."""
    report = check_csv(f"a,b,c\r\n11,x,1{ends}22,y,1\n33,z,x\r\n44,,{ends}", CONTRACT)
    assert found(report) == [("dtype", "c", 1, ("row 3: 'x'",))]
    assert (report.columns[0].minimum, report.columns[0].maximum) == ("11", "44")


@pytest.mark.parametrize("first", ["\n", "\r\n"])
def test_lone_return_among_line_feeds(check_csv: Check, first: str) -> None:
    """A lone carriage return among line feeds is refused, with its place, because parsers disagree on it."""
    start = f"a,b,c{first}1,x,1"
    report = check_csv(start + "\r2,y,1\n", CONTRACT)
    assert [item.rule for item in report.violations] == ["format"]
    assert f"at byte offset {len(start)}," in report.violations[0].message


@pytest.mark.parametrize("ends", ["\r", "\n"])
def test_mixed_line_ends_with_quotes(check_csv: Check, ends: str) -> None:
    """In a file with quotes they are refused, and what else is wrong is still said."""
    report = check_csv(f'a,b,c\r\n1,"x",1{ends}2,y,1\r\n3,z,x\r\n', CONTRACT)
    assert report.violations[0].rule == "format"
    assert "line ends are mixed" in report.violations[0].message


@pytest.mark.parametrize("last", ['2,"open', '2,"open,3', '2,x,"open', '"open', '2,mid"dle,"open'])
@pytest.mark.parametrize("rest", ["", "\n", "\n2,y,3\n" * 50])
def test_quote_open_at_the_end(check_csv: Check, last: str, rest: str) -> None:
    """A quote that is open when the file ends is found in any column."""
    report = check_csv(f'a,b,c\n1,"x",1\n{last}{rest}', CONTRACT)
    assert (report.violations[0].rule, report.violations[0].count) == ("format", 1)
    assert report.violations[0].examples[0].startswith("row 2: ")


def test_line_feed_after_a_quote_in_a_file_of_crlf(check_csv: Check) -> None:
    """The engine takes two rows for one here; a second reading finds out, so that nothing is accepted wrongly."""
    contract = DataContract(columns=(Column(name="a", dtype="string"),))
    report = check_csv('a\r\n"x\n"\r\n"""  "\n"\\1, "\n', contract)
    assert [item.rule for item in report.violations] == ["format"]
    assert "3 and 2 rows" in report.violations[0].message


def test_space_before_a_quote(check_csv: Check) -> None:
    """Parsers disagree on whether such a cell is quoted."""
    report = check_csv('a,b,c\n1, "x",1\n', CONTRACT)
    assert [item.rule for item in report.violations] == ["format"]
    assert "a space before a quote?" in report.violations[0].message


def test_lone_return_inside_quotes(check_csv: Check) -> None:
    """Inside quotes a carriage return is text."""
    assert found(check_csv('a,b,c\n1,"x\ry",1\n', CONTRACT)) == []
    ragged = check_csv('a,b,c\n1,"x\ry",1\n2,"\r",1,1,1\n3\n', CONTRACT)
    assert [(item.rule, item.count) for item in ragged.violations] == [("format", 1), ("format", 1)]


def test_row_numbers_hold_across_threads(check_csv: Check) -> None:
    """Row numbers are the file's also where several threads read it."""
    rows = 400_000
    lines = [f"{row},text of row {row},7" for row in range(1, rows + 1)]
    lines[123_456 - 1] = "first,x,7"
    lines[399_999 - 1] = "second,x,7"
    report = check_csv("a,b,c\n" + "\n".join(lines) + "\n", CONTRACT)
    assert found(report) == [("dtype", "a", 2, ("row 123456: 'first'", "row 399999: 'second'"))]
    assert report.rows == rows
