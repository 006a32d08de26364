"""Reasons as sentences: `gnn.reasons` has the words; a code that it doesn't know (from a model of another version) is shown as it is."""

from gnn.decision import RuleHit, render_rule
from gnn.reasons import render
from graph_model.errors import UnknownName
from graph_model.records import Reason


def sentence(reason: Reason, language: str) -> str:
    """`language` is zh or en. Numbers are in the sentence; no personal values are in a reason."""
    try:
        return render(reason, language)
    except UnknownName:
        return reason.code


def rule_sentence(hit: RuleHit, language: str) -> str:
    """Of a rule that spoke against approving; its code where a policy of another version knew it."""
    try:
        return render_rule(hit, language)
    except UnknownName:
        return hit.code
