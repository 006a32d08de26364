"""Reasons as sentences: `gnn.reasons` has the words; a code that it doesn't know (from a model of another version) is shown as it is."""

from importlib import import_module

from graph_model.records import Reason


def sentence(reason: Reason, language: str) -> str:
    """`language` is zh or en. Numbers are in the sentence; no personal values are in a reason."""
    try:
        # Scoring is loaded when the first reason is shown, not when the server starts.
        return str(import_module("gnn.reasons").render(reason, language))
    except (ModuleNotFoundError, KeyError):
        return reason.code
