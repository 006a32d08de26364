"""A segment as what goes out: the members of an edition who may be handed out now through a channel."""

from datetime import datetime

from api.exports import Export
from graph_model.principal import Principal
from graph_model.services.gate_policy import Gate
from graph_model.services.segments import members
from graph_model.services.segments.definition import Segment
from graph_model.services.segments.editions import Edition
from graph_model.store import GraphStore


def segment_export(
    store: GraphStore, gate: Gate, principal: Principal, segment: Segment, of: Edition, channel: str, *, now: datetime
) -> Export:
    """Raises as `members.handed_out` does."""
    return Export(
        name=f"{segment.code}-{of.number}",
        told={"segment": segment.code, "version": of.version, "edition": of.number, "channel": channel},
        most=of.members,
        pieces=members.handed_out(store, gate, principal, segment, of, channel, now=now),
        record=lambda rows, form: members.export_record(principal, segment, of, channel, rows=rows, form=form, now=now),
    )
