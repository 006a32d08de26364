"""Expanding a node of the canvas: only what is new travels to the browser, where assets/20-history.js adds it."""

from dash import Dash, Input, Output, State

from investigator_ui.address import Expanded, ViewAddress
from investigator_ui.contract import Json
from investigator_ui.expansion import expand, relabel
from investigator_ui.services import Services


def register(app: Dash, services: Services) -> None:
    @app.callback(
        Output("expansion", "data"),
        Input("ask-expand", "data"),
        State("url", "pathname"),
        State("url", "search"),
        State("lang", "data"),
        prevent_initial_call=True,
    )
    def expand_node(asked: Json, pathname: str, search: str, _lang: Json) -> Json:
        address = ViewAddress.parse(pathname, search)
        addition = expand(
            services.user(),
            Expanded(asked["node"], asked.get("relationship")),
            there={node["id"]: (node["x"], node["y"]) for node in asked["there"]},
            drawn=asked["drawn"],
            as_of=address.moment(services.zone),
            source_only=address.source_only,
        )
        return {
            "n": asked["n"],
            "key": asked["key"],
            "parent": addition.parent,
            "relationship": asked.get("relationship"),
            "elements": addition.elements,
            "nodes": addition.nodes,
            "edges": addition.edges,
            "change": relabel(asked["caption"], addition.omitted),
        }
