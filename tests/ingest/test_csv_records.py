"""Cutting files into records: every line is accounted for, and one stray quote costs one row."""

import csv
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.csv_records import MAX_LINE, MAX_SPAN, RawBatch, RecordReader, UnclosedQuote, split_fields


def cut(text: bytes, *, width: int = 3, rows: int = 1_000_000) -> RawBatch:
    return RecordReader(BytesIO(text), width=width).batch(rows)


def rows_of(batch: RawBatch) -> list[list[str]]:
    return list(csv.reader(StringIO("\n".join(r.decode() for r in batch.records), newline=""), strict=True))


def test_a_row_over_several_lines_stands_on_its_first() -> None:
    batch = cut(b'a,b,c\n"x\ny\r\nz",2,3\n\n1,2,3\n')
    assert rows_of(batch) == [["a", "b", "c"], ["x\ny\r\nz", "2", "3"], ["1", "2", "3"]]
    assert batch.lines == [1, 2, 6]
    assert batch.broken == []
    assert (batch.end_line, batch.end_offset) == (6, 26)


def test_a_stray_quote_costs_one_row() -> None:
    batch = cut(b'a,b,c\nd,"e,f\ng,h,i\nj,"k",l\nm,n,o\n')
    assert rows_of(batch) == [["a", "b", "c"], ["g", "h", "i"], ["j", "k", "l"], ["m", "n", "o"]]
    assert batch.lines == [1, 3, 4, 5]
    assert [(b.line, b.reason, b.raw) for b in batch.broken] == [(2, "csv.quote", b'd,"e,f')]


def test_a_quote_that_never_closes_costs_one_row_however_long_the_file_is() -> None:
    batch = cut(b'd,"e,f\n' + b"g,h,i\n" * 10_000)
    assert len(batch.records) == 10_000
    assert [(b.line, b.reason) for b in batch.broken] == [(1, "csv.unclosed_quote")]
    assert batch.lines[:2] == [2, 3]


def test_a_quote_in_the_middle_of_a_field_is_a_letter() -> None:
    batch = cut('张"三,5" pipe,c"\n'.encode())
    assert rows_of(batch) == [['张"三', '5" pipe', 'c"']]


@pytest.mark.parametrize(
    ("line", "message"),
    [(b"1,2", "has 2 fields, the header 3"), (b"1,2,3,4", "has 4 fields"), (b'"1",2', "has 2 fields")],
)
def test_a_row_of_another_width_is_broken(line: bytes, message: str) -> None:
    batch = cut(b"a,b,c\n" + line + b"\nd,e,f\n")
    assert len(batch.records) == 2
    assert [(b.line, b.reason) for b in batch.broken] == [(2, "csv.columns")]
    assert message in batch.broken[0].message


@pytest.mark.parametrize("row", [b"1,2,3,,", b'1,"2",3,', b"1,2,3,"])
def test_empty_cells_beyond_the_header_say_nothing(row: bytes) -> None:
    assert rows_of(cut(row + b"\n")) == [["1", "2", "3"]]


def test_blank_lines_are_no_rows_but_lines() -> None:
    batch = cut(b"\n  \na,b,c\r\n\r\nd,e,f")
    assert batch.lines == [3, 5]
    assert batch.broken == []


def test_a_line_without_an_end_is_not_read_into_memory() -> None:
    batch = cut(b"a,b,c\n" + b"x" * (3 * MAX_LINE) + b"\nd,e,f\n")
    assert batch.lines == [1, 3]
    assert [(b.line, b.reason) for b in batch.broken] == [(2, "csv.line_too_long")]
    assert len(batch.broken[0].raw) < MAX_LINE


def test_a_row_may_take_many_lines_but_not_any_number() -> None:
    fits = b'"' + b"\n" * (MAX_SPAN - 1) + b'",2,3\n'
    assert len(cut(fits).records) == 1
    assert len(cut(b"\n" + fits.replace(b"\n", b"\n\n", 1)).records) == 0


def test_fields_keep_their_quotes() -> None:
    assert split_fields(b'a,"b,""c""",,"",d"e') == [b"a", b'"b,""c"""', b"", b'""', b'd"e']
    with pytest.raises(UnclosedQuote):
        split_fields(b'a,"b')
    with pytest.raises(ValueError, match="closing quote"):
        split_fields(b'a,"b"c')


FIELDS = st.text(st.sampled_from('ab"",\n\r 张') | st.characters(exclude_categories=["Cs"]), max_size=8)
TABLES = st.lists(st.lists(FIELDS, min_size=3, max_size=3), max_size=12)


# Python's own writer leaves a lone CR unquoted where lines end in LF, so that pair is left out.
@given(
    TABLES,
    st.sampled_from([(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\n")]),
    st.integers(1, 5),
)
def test_whatever_a_spreadsheet_writes_is_read_back(table: list[list[str]], style: tuple[int, str], rows: int) -> None:
    text = StringIO(newline="")
    csv.writer(text, quoting=style[0], lineterminator=style[1]).writerows(table)
    reader = RecordReader(BytesIO(text.getvalue().encode()), width=3)
    batches: list[RawBatch] = []
    while len(batch := reader.batch(rows)) > 0:
        batches.append(batch)
    assert [row for batch in batches for row in rows_of(batch)] == table
    assert [b for batch in batches for b in batch.broken] == []


@given(st.binary(max_size=200) | st.text('ab,"\n\r', max_size=80).map(str.encode), st.integers(1, 4))
def test_no_line_of_any_file_is_lost(text: bytes, rows: int) -> None:
    """Batches begin where the one before ended; whatever they hold, every line that is not blank is in a record or broken."""
    reader = RecordReader(BytesIO(text), width=2)
    offset = line = found = 0
    while len(batch := reader.batch(rows)) > 0:
        part = text[offset : batch.end_offset]
        alone = RecordReader(BytesIO(text[offset:]), offset=offset, line=line, width=2).batch(rows)
        assert (alone.records, alone.lines, alone.broken) == (batch.records, batch.lines, batch.broken)
        assert part.count(b"\n") in (batch.end_line - line, batch.end_line - line - 1)
        assert sorted(batch.lines) == batch.lines
        assert all(line < n <= batch.end_line for n in [*batch.lines, *(b.line for b in batch.broken)])
        found += sum(1 + (record.count(b"\n")) for record in batch.records) + len(batch.broken)
        offset, line = batch.end_offset, batch.end_line
    assert offset == len(text) or not text[offset:].strip()
    filled = sum(1 for each in text.split(b"\n") if each.strip(b"\r") and not each.isspace())
    assert found >= filled
