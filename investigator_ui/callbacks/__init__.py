"""Callbacks: thin. Each asks the typed client, calls a pure function of panels/ or elements.py, and returns the result."""

from dash import Dash

from investigator_ui.callbacks import (
    browser,
    expand,
    explain,
    export,
    frame,
    inspect,
    link,
    lists,
    navigate,
    pages,
    record,
    reveal,
    search,
)
from investigator_ui.callbacks.failures import tell_the_user
from investigator_ui.services import Services

__all__ = ["register", "tell_the_user"]


def register(app: Dash, services: Services) -> None:
    for module in (navigate, frame, search, expand, explain, inspect, reveal, link, record, lists, pages, export):
        module.register(app, services)
    browser.register(app)
