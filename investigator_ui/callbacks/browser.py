"""What runs in the browser: functions of assets/90-clientside.js, bound here to the stores they listen to."""

from dash import ClientsideFunction, Dash, Input, Output, State


def register(app: Dash) -> None:
    def bind(name: str, *inputs: Input | State) -> None:
        """They act on the page by themselves; `page.title` only gives Dash an output to wait for."""
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("guanxi", name),
            Output("page", "title", allow_duplicate=True),
            *inputs,
            prevent_initial_call=True,
        )

    bind("viewOpened", Input("view", "data"), State("drawing", "data"))
    bind("restyled", Input("style", "data"))
    bind("textsChanged", Input("texts", "data"))
    bind("expanded", Input("expansion", "data"))
    bind("explained", Input("why", "data"))
    bind("revealed", Input("revealed", "data"))
    bind("recorded", Input("recorded", "data"))
    bind("blocked", Input("blocked", "data"))
    bind("listDrawn", Input("state", "children"))
    bind("linked", Input("linked", "data"))
    bind("pageDone", Input("page-done", "data"))
    bind("toast", Input("toast", "data"))
    bind("sessionEnded", Input("session-ended", "data"))
    bind("chosen", Input("chosen", "data"))
    bind("suggested", Input("hits", "data"))
    bind("refused", Input("refusal", "data"))
