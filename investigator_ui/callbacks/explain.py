"""Why a score is what it is: the ties that it rests on, which assets/68-why.js lights on the canvas and lists in the drawer."""

from dash import Dash, Input, Output, State

from investigator_ui import words
from investigator_ui.address import Language, ViewAddress
from investigator_ui.callbacks.navigate import language_of
from investigator_ui.contract import Explanation, Json
from investigator_ui.explanation import lit
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.panels.parts import type_name
from investigator_ui.services import Services
from investigator_ui.texts import text

CUSTOMER = "Customer"  # goes by name, everything else by what it is and its caption


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("why", "data"),
        Input("ask-why", "data"),
        State("lang", "data"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def explain(asked: Json, lang_data: Json, pathname: str, search: str) -> Json:
        lang, address = language_of(lang_data), ViewAddress.parse(pathname, search)
        answer = {"n": asked["n"], "key": asked["key"], "node": asked["node"]}
        found = services.user().explanation(asked["node"], as_of=address.moment(services.zone))
        if found is None:
            return answer | {"notes": [text("why.never", lang)], "rows": []}
        shown = lit(
            found,
            there={node["id"]: (node["x"], node["y"]) for node in asked["there"]},
            drawn=asked["drawn"],
        )
        return answer | {
            "notes": notes(found, lang),
            "rows": rows(found, services.schema(), lang),
            "nodes": shown.nodes,
            "relations": shown.relations,
            "elements": shown.elements,
        }


def notes(found: Explanation, lang: Language) -> list[str]:
    """What is to be said of the whole, most important first."""
    said = [text("why.none", lang)]
    if len(found.ties) > 0:
        before, after = words.share(found.estimate), words.share(found.estimate_without)
        said = [text("why.fall", lang, n=words.number(len(found.ties)), before=before, after=after)]
    if found.score != found.estimate:
        said.append(text("why.confirmed", lang))
    said += [text(f"why.because.{code}", lang) for code in found.degraded_because]
    return [*said, text("why.version", lang, version=found.model_version)]


def rows(found: Explanation, schema: GraphSchema, lang: Language) -> list[dict[str, Json]]:
    """One for each tie: what it is, which node to go to, and its part of the greatest."""
    captions = {
        node.id: node.caption if node.type == CUSTOMER else f"{type_name(node.type, schema, lang)} {node.caption}"
        for node in found.graph.nodes
    }
    greatest = max((tie.drop for tie in found.ties), default=0.0) or 1.0
    return [
        {
            "id": tie.identifier_id,
            "caption": captions.get(tie.identifier_id, ""),
            "of": "" if tie.customer_id == found.customer_id else captions.get(tie.customer_id, ""),
            "drop": words.share(max(tie.drop, 0.0)),
            "part": round(max(tie.drop, 0.0) / greatest, 3),
        }
        for tie in found.ties
    ]
