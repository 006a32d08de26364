"""An audience as what goes out: the members of a version who may be handed out now."""

from datetime import datetime

from api.exports import Export
from graph_model.principal import Principal
from graph_model.services import audiences
from graph_model.services.audience_records import Audience, Version
from graph_model.services.gate_policy import Gate
from graph_model.store import GraphStore


def audience_export(
    store: GraphStore, gate: Gate, principal: Principal, audience: Audience, of: Version, *, now: datetime
) -> Export:
    """Raises InvalidRequest audience.expired, audience.withdrawn, audience.unscored."""
    return Export(
        name=f"{audience.name}-{of.number}",
        told={"audience": audience.name, "version": of.number, "channel": audience.channel},
        most=of.members,
        pieces=audiences.handed_out(store, gate, principal, audience, of, now=now),
        record=lambda rows, form: audiences.export_record(principal, audience, of, rows=rows, form=form, now=now),
    )
