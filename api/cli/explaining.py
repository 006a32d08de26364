"""`guanxi explain`: the ties that one score rests on."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.chain import audited
from api.cli.scoring import AsOfOption, ModelsOption, model_folder, moment_of
from api.cli.terminal import HomeOption, StoreOption, columns, out, settings_from, typed
from graph_model.errors import InvalidRequest, NotFound
from graph_model.principal import Principal, Role
from graph_model.records import AsOf
from graph_model.schema import SCHEMA
from graph_model.services.lookup import search
from graph_model.services.masking import caption
from graph_model.store import GraphStore, utc_now
from graph_model.stores import open_store

if TYPE_CHECKING:
    from gnn.explanation.explanation import ExplainedTie, Explanation

ASKER = Principal("command line", Role.INVESTIGATOR)
_SCORED = ("Customer", "Application")


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    subject: Annotated[
        str, typer.Argument(help="ID number, application number or node id; - reads it from standard input.")
    ],
    as_of: AsOfOption = None,
    models: ModelsOption = None,
    home: HomeOption = None,
    store: StoreOption = None,
) -> None:
    """Show the few ties that the last score of a customer or an application rests on. What is shown is masked as for an investigator, and that it
    was asked is in the audit chain."""
    from gnn.explanation.explanation import explain_score
    from gnn.online import Scorer

    settings = settings_from(home=home, store=store)
    moment = moment_of(as_of, utc_now())
    with closing(open_store(settings.store_address, read_only=settings.read_only)) as opened:
        node_id = _node_id(opened, typed(subject))
        about = [node.ref for node in opened.get_by_id([node_id])]
        with audited(settings, opened, "explain", ASKER.role, about=about):
            scorer = Scorer(opened, model_folder(settings, models))
            found = explain_score(opened, scorer, node_id, now=moment)
            if found is None:
                out.print("The customer had not applied by then: there is nothing to explain.")
                return
            _show(opened, found)


def _node_id(store: GraphStore, text: str) -> str:
    if len(store.get_by_id([text])) > 0:
        return text
    hits = [hit for hit in search(store, ASKER, text, limit=10) if hit.type in _SCORED]
    if len(hits) == 0:
        raise NotFound("The graph knows no such customer or application. Find it with `guanxi search`.")
    exact = [hit for hit in hits if hit.matched == SCHEMA.node(hit.type).key.name]
    hits = exact or hits  # a number is somebody's, a name may be several people's
    if len(hits) > 1:
        told = "; ".join(f"{hit.id} ({SCHEMA.node(hit.type).caption.en} {hit.caption})" for hit in hits)
        raise InvalidRequest(f"That may mean several: {told}. Name one by its id.")
    return hits[0].id


def _show(store: GraphStore, found: "Explanation") -> None:
    nodes = {node.node_id: node for node in store.get_by_id(found.node_ids, as_of=AsOf.at(found.as_of))}

    def named(node_id: str) -> str:
        node = nodes.get(node_id)
        return node_id if node is None else f"{SCHEMA.node(node.label).caption.en} {caption(node, ASKER)}"

    table = columns("drop", "customer", "by", "to")
    for tie in found.ties:
        table.add_row(f"{tie.drop:.3f}", named(tie.customer), _by(tie), named(tie.identifier))
    out.print(table if len(found.ties) > 0 else "No tie raises the score.")
    by_policy = "" if found.estimate == found.score else f" (the policy's: {found.score:.3f})"
    out.print(
        f"score    {found.estimate:.3f}{by_policy}; {found.without:.3f} without these ties, {found.only:.3f} with no others"
    )
    out.print(f"model    {found.model_version}, as of {found.as_of.isoformat(timespec='minutes')}")
    if len(found.degraded) > 0:
        out.print(f"limited  {', '.join(found.degraded)}")


def _by(tie: "ExplainedTie") -> str:
    caption = SCHEMA.relationship(tie.relation.type).caption.en
    return caption if tie.others == 0 else f"{caption} and {tie.others} more"
