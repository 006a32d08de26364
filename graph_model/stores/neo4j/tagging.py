"""Tags: the newest value is a property of the node; the history of all its tags is one node beside it, so a portrait is one look.

The history of a tag is two lists of that node, its runs and, as JSON, its values; null where the tag ended. Names of tags travel as parameters.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from datetime import date
from functools import partial

import numpy as np
import orjson

from graph_model.moments import to_ms
from graph_model.predicates import Predicate
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.stores.neo4j import scanning
from graph_model.stores.neo4j.connections import Connections, Rows, Transaction
from graph_model.stores.neo4j.graph_cypher import TAG, Parameters
from graph_model.stores.neo4j.predicate_cypher import compile_predicate, renamed
from graph_model.stores.neo4j.queries import query
from graph_model.stores.tag_runs import changes, past, run_of, shown
from graph_model.tagging import TagCell, TagChange, TagDifference, TagRule, TagRun, TagStep, TagValue, ValueColumn

AT_ONCE = 50_000  # handles of one step, of all types: what fits a transaction
_RUNS, _VALUES = "runs_", "values_"

# What differs is written; what has its value already is counted only, and whom the run is not about loses the tag.
_STEP = """
MATCH (n:Entity:{label})
WHERE n.nid > $after AND n.nid <= $upto
WITH n, {within} AS there
WITH n, there, CASE WHEN there THEN {which} END AS which
WITH n, there, which, CASE WHEN which IS NULL THEN null ELSE $cells[which] END AS value
CALL (n, which, value) {{
  WITH n, which, value
  WHERE (value IS NULL AND n[$tag] IS NOT NULL) OR (value IS NOT NULL AND (n[$tag] IS NULL OR n[$tag] <> value))
  SET n[$tag] = value
  MERGE (h:TagHistory {{nid: n.nid}})
  SET h[$runs] = coalesce(h[$runs], []) + $run,
    h[$values] = coalesce(h[$values], []) + CASE WHEN which IS NULL THEN 'null' ELSE $texts[which] END
  RETURN count(*) AS changed
}}
RETURN value, sum(CASE WHEN there THEN 1 ELSE 0 END), sum(changed)
"""


def tag(
    connections: Connections, label: str, rules: Sequence[TagRule], *, within: Predicate, limit: int | None
) -> Generator[Sequence[TagStep], None, None]:
    """Each rule is a transaction of its own at every step: what one of many rules would need of the server's memory is as much again."""
    after, last = 0, connections.settled()
    for rule in rules:
        connections.write(partial(_number, run=rule.run))
    while after < last:
        upto = min(after + (limit or AT_ONCE), last)
        step = partial(_step, label=label, within=within, after=after, upto=upto)
        yield [connections.write(partial(step, rule=rule)) for rule in rules]
        after = upto


def _step(transaction: Transaction, *, label: str, rule: TagRule, within: Predicate, after: int, upto: int) -> TagStep:
    run, cases, column = rule.run, rule.cases, rule.column
    cells = [value for value, _ in cases] if column is None else list(column.values)
    parameters: Parameters = {}
    there = renamed(*compile_predicate(label, within), len(cases), parameters)
    choices = []
    for place, (_, predicate) in enumerate(cases):
        condition, own = compile_predicate(label, predicate)
        choices.append(f"WHEN {renamed(condition, own, place, parameters)} THEN {place}")
    which = f"CASE {' '.join(choices)} END" if len(choices) > 0 else "$given[toString(n.nid)]"
    found = transaction.rows(
        _STEP.format(label=SCHEMA.node(label).label, within=there, which=which),
        after=after,
        upto=upto,
        run=_number(transaction, run),
        cells=cells,
        texts=[orjson.dumps(value).decode() for value in cells],
        given={} if column is None else _between(column, after, upto),
        tag=TAG + run.code,
        runs=_RUNS + run.code,
        values=_VALUES + run.code,
        **parameters,
    )
    counts = {value: number for value, number, _ in found if value is not None}
    return TagStep(sum(number for _, number, _ in found), sum(changed for _, _, changed in found), counts)


def _between(column: ValueColumn, after: int, upto: int) -> dict[str, int]:
    """The places of the values of these handles."""
    begin, end = np.searchsorted(column.handles, (after, upto), side="right")
    return dict(zip(map(str, column.handles[begin:end].tolist()), column.place[begin:end].tolist(), strict=True))


def give_tag(transaction: Transaction, run: TagRun, values: Mapping[str, TagCell | None]) -> list[TagChange]:
    found = changes(run, values, tags_of(transaction, list(values), None, None))
    keep_values(transaction, [TagValue(change.node_id, change.now, run) for change in found])
    return found


def tags_of(
    transaction: Transaction, node_ids: Sequence[str], on: date | None, as_of: AsOf | None
) -> dict[str, list[TagValue]]:
    found = transaction.pieces(query("tag_histories"), list(dict.fromkeys(node_ids)))
    return shown(_values(transaction, found), on, as_of)


def tag_history(transaction: Transaction, node_id: str, code: str) -> list[TagValue]:
    found = transaction.pieces(query("tag_histories"), [node_id])
    return [value for value in _values(transaction, found) if value.run.code == code]


def tagged_by(transaction: Transaction, run: TagRun, after: str, limit: int) -> list[str]:
    code, number = run.code, _number_of(transaction, run)
    found = transaction.rows(
        query("tagged_by"), runs=_RUNS + code, values=_VALUES + code, run=number, after=after, limit=limit
    )
    return [node_id for (node_id,) in found]


def tag_difference(transaction: Transaction, before: TagRun, after: TagRun) -> TagDifference:
    code, first, second = before.code, _number_of(transaction, before), _number_of(transaction, after)
    (found,) = transaction.rows(
        query("tag_difference"), runs=_RUNS + code, values=_VALUES + code, before=first, after=second
    )
    return TagDifference(*found)


def _number_of(transaction: Transaction, run: TagRun) -> int:
    """Of a run that was; 0, which is none's, otherwise."""
    found = transaction.one(query("tag_run"), **_row(run))
    return 0 if found is None else int(found[0])


def _row(run: TagRun) -> dict[str, str | int]:
    return {
        "code": run.code,
        "base_date": run.base_date.isoformat(),
        "computed_at": to_ms(run.computed_at),
        "version": run.version,
        "source": run.source,
    }


def _values(transaction: Transaction, found: Rows) -> list[TagValue]:
    """Every entry of these histories, those of one node and tag by rising run."""
    used = {run for _, cells in found for name, runs in cells.items() if name.startswith(_RUNS) for run in runs}
    runs = {number: run_of(row) for number, *row in transaction.rows(query("tag_runs"), runs=list(used))}
    return [
        TagValue(node_id, orjson.loads(text), runs[number])
        for node_id, cells in found
        for code in sorted(name.removeprefix(_RUNS) for name in cells if name.startswith(_RUNS))
        for number, text in zip(cells[_RUNS + code], cells[_VALUES + code], strict=True)
    ]


def _number(transaction: Transaction, run: TagRun) -> int:
    """Of the run, which is begun where it is not there. Raises InvalidRequest `tag.past`."""
    row = _row(run)
    found = transaction.one(query("tag_run"), **row)
    if found is None:
        newest = transaction.rows(query("tag_newest"), code=run.code)[0][0]
        if newest is not None and newest > row["base_date"]:
            raise past(newest)
        found = transaction.rows(query("tag_begin"), **row)[0]
    return int(found[0])


# --- moving house --------------------------------------------------------------------------------------------------


def export_runs(transaction: Transaction, after: int, limit: int) -> tuple[list[TagRun], int | None]:
    found = transaction.rows(query("export_tag_runs"), after=after, limit=limit)
    return [run_of(row) for _, *row in found], found[-1][0] if len(found) == limit else None


def values_of(transaction: Transaction, found: Rows) -> list[TagValue]:
    """What rows of `export_tags` hold."""
    return _values(transaction, found)


def keep_runs(transaction: Transaction, runs: Iterable[TagRun]) -> None:
    for run in runs:
        _number(transaction, run)


def keep_values(transaction: Transaction, values: Sequence[TagValue]) -> None:
    """Those of one node and tag come by rising run."""
    node_ids = list(dict.fromkeys(value.node_id for value in values))
    handles: Mapping[str, int] = dict(zip(node_ids, scanning.handles(transaction, node_ids), strict=True))
    numbers: dict[TagRun, int] = {}
    rows: list[list[object]] = []
    for value in values:
        if value.run not in numbers:
            numbers[value.run] = _number(transaction, value.run)
        code, text = value.run.code, orjson.dumps(value.value).decode()
        rows.append(
            [handles[value.node_id], TAG + code, value.value, _RUNS + code, numbers[value.run], _VALUES + code, text]
        )
    transaction.pieces(query("keep_tags"), rows)
