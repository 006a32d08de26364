"""Reasons as sentences: `gnn.reasons` has the words, this has the fallback for a code that it doesn't know (a model of another version)."""

from graph_model.records import Reason


def sentence(reason: Reason, language: str) -> str:
    """`language` is zh or en. Numbers are in the sentence; no personal values are in a reason."""
    from gnn.reasons import render  # scoring is loaded when the first reason is shown

    return render(reason, language)
