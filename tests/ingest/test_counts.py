"""Whatever is in a file, its counts add up, no row is lost, and bad rows never stop the good ones."""

import tempfile
from pathlib import Path

from hypothesis import given, reject, settings
from hypothesis import strategies as st

from ingest.errors import NotCsv, WrongEncoding
from ingest.layout import KINDS
from ingest.load import ingest
from ingest.report import IngestReport
from tests.ingest.files import APPLICATION, CONSENT, CONTACT, CUSTOMER, EMERGENCY, LABEL, NOW, REFERRAL, STATUS, read
from tests.ingest.memory_store import MemoryStore

ROWS = {
    "customers": [CUSTOMER],
    "applications": [APPLICATION],
    "relations": [REFERRAL, EMERGENCY],
    "statuses": [STATUS],
    "labels": [LABEL],
    "consents": [CONSENT],
    "contacts": [CONTACT],
}
NOISE = st.text('ab1,"\n\r ' + "张\u200b\x00", max_size=12).map(str.encode) | st.binary(max_size=12)


@st.composite
def lines(draw: st.DrawFn, kind: str) -> bytes:
    """A row of the kind, good or with one field spoilt, or noise."""
    row = dict(draw(st.sampled_from(ROWS[kind])))
    match draw(st.integers(0, 3)):
        case 0:
            return draw(NOISE)
        case 1:
            row[draw(st.sampled_from(sorted(row)))] = draw(st.text(max_size=8)).replace(",", "")
    columns = [column.name for column in KINDS[kind].columns]
    return ",".join(row.get(name, "") for name in columns).encode("utf-8", errors="replace")


@st.composite
def folders(draw: st.DrawFn) -> dict[str, bytes]:
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), unique=True, min_size=1))
    return {
        kind: b"\n".join(
            [",".join(c.name for c in KINDS[kind].columns).encode(), *draw(st.lists(lines(kind), max_size=12))]
        )
        for kind in kinds
    }


def add_up(report: IngestReport) -> bool:
    return all(f.read == f.loaded + f.merged + f.quarantined for f in report.files)


@settings(deadline=None, max_examples=60)
@given(folders(), st.integers(1, 5))
def test_counts_add_up_whatever_the_files_hold(contents: dict[str, bytes], batch_rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, content in contents.items():
            (folder / f"{kind}.csv").write_bytes(content)
        store = MemoryStore()
        options = {"quarantine_dir": folder / "quarantine", "now": NOW, "batch_rows": batch_rows}
        try:
            rehearsed = ingest(None, [folder], dry_run=True, **options)
        except (NotCsv, WrongEncoding):
            reject()  # mostly noise, so the file as a whole is refused
        report = ingest(store, [folder], **options)
        assert add_up(rehearsed)
        assert add_up(report)
        assert [(f.read, f.loaded, f.quarantined) for f in rehearsed.files] == [
            (f.read, f.loaded, f.quarantined) for f in report.files
        ]
        refused = [row for file in (folder / "quarantine").glob("*.csv") for row in read(file)]
        assert len(refused) == report.quarantined
        for file in report.files:
            assert all(0 <= c.valid <= c.filled <= file.read and c.distinct <= c.filled for c in file.columns)
        again = ingest(store, [folder], **options)
        assert add_up(again)
        assert (again.loaded, again.read, again.quarantined) == (0, report.read, report.quarantined)


@settings(deadline=None, max_examples=40)
@given(st.lists(lines("customers"), max_size=12), st.integers(1, 20))
def test_the_size_of_batches_changes_nothing(rows: list[bytes], batch_rows: int) -> None:
    header = ",".join(c.name for c in KINDS["customers"].columns).encode()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "customers.csv"
        file.write_bytes(b"\n".join([header, *rows]))
        stores = MemoryStore(), MemoryStore()
        try:
            one, other = (
                ingest(store, [file], quarantine_dir=Path(name) / str(size), now=NOW, batch_rows=size)
                for store, size in zip(stores, (batch_rows, 1_000), strict=True)
            )
        except (NotCsv, WrongEncoding):
            reject()
        assert stores[0].graph() == stores[1].graph()
        assert (one.read, one.loaded, one.merged) == (other.read, other.loaded, other.merged)
        assert one.files[0].columns == other.files[0].columns
