"""Writes a portfolio: the CSV files of docs/data-layout.md, the truth beside them, and a manifest."""

import json
from collections.abc import Callable
from pathlib import Path

from graph_model.errors import InvalidRequest
from ingest.portfolio import tables, truth
from ingest.portfolio.arrays import Streams
from ingest.portfolio.model import Portfolio
from ingest.portfolio.tables import Table
from ingest.portfolio.texts import make_texts


def write(
    out: Path,
    portfolio: Portfolio,
    streams: Streams,
    *,
    version: str,
    seed: int,
    report: Callable[[str, int, int], None],
) -> dict[str, int]:
    """Rows by file. Files are written one after the other, each some rows at a time."""
    if out.exists() and not out.is_dir():
        raise InvalidRequest(f"{out} is a file. Name a folder to write the portfolio into.")
    (out / "truth").mkdir(parents=True, exist_ok=True)
    # Written last, and gone while files are being replaced: a folder with a manifest is whole.
    (out / "manifest.json").unlink(missing_ok=True)
    texts = make_texts(portfolio, streams)
    makers: dict[str, Callable[[], Table]] = {
        "customers.csv": lambda: tables.customers(portfolio, texts, streams.of("customers.csv")),
        "applications.csv": lambda: tables.applications(portfolio, texts, streams.of("applications.csv")),
        "relations.csv": lambda: tables.relations(portfolio, texts, streams.of("relations.csv")),
        "statuses.csv": lambda: tables.statuses(portfolio, texts, streams.of("statuses.csv")),
        "labels.csv": lambda: tables.labels(portfolio, texts, streams.of("labels.csv")),
        "consents.csv": lambda: tables.consents(portfolio, texts, streams.of("consents.csv")),
        "contacts.csv": lambda: tables.contacts(portfolio, texts, streams.of("contacts.csv")),
        "truth/customers.csv": lambda: Table.of(truth.customers(portfolio, texts)),
        "truth/applications.csv": lambda: Table.of(truth.applications(portfolio, texts)),
        "truth/rings.csv": lambda: Table.of(truth.rings(portfolio)),
    }
    rows = {}
    for done, (name, make) in enumerate(makers.items()):
        report("writing", done, len(makers))
        rows[name] = _write(make(), out / name)
    manifest = {
        "generator": "guanxi portfolio",
        "generator_version": version,
        "seed": seed,
        "customers": len(portfolio.people),
        "window": {"start": portfolio.window.start.isoformat(), "end": portfolio.window.end.isoformat()},
        "rows": rows,
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    report("writing", len(makers), len(makers))
    return rows


def _write(table: Table, file: Path) -> int:
    with file.open("wb") as opened:
        for place, block in enumerate(table.blocks()):
            block.write_csv(opened, include_header=place == 0)
    return table.height
