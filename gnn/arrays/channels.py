"""Channels: the ways in which two customers can be tied, derived from the schema.

An *identifier channel* is a relationship from a customer or an application to a shared identifier (and its qualifier, so that a home and a
work address are two). A *person channel* is a relationship from customer to customer; there the person at its start (who referred, who
guarantees) stands for an identifier that this person and all at the other ends have in common. What investigators draw by hand is no channel.
"""

from dataclasses import dataclass

from graph_model.schema import SCHEMA, Schema
from graph_model.schema.property_types import Choice

CUSTOMER = "Customer"
APPLICATION = "Application"
APPLIED = "APPLIED"
# What families, colleagues and friends have in common anyway. Who shares a device or an account and none of these are strangers.
_EVERYDAY = frozenset({"has_address_home", "has_address_work", "works_at", "referred", "emergency_contact"})


@dataclass(frozen=True, slots=True)
class Channel:
    """One way of being tied; `head` is the type of the node in common."""

    relationship: str
    head: str
    qualifier: str = ""

    @property
    def name(self) -> str:
        """Its name in features: `uses_device`, `has_address_home`."""
        return f"{self.relationship}_{self.qualifier}".rstrip("_").lower()

    @property
    def between_persons(self) -> bool:
        return self.head == CUSTOMER

    @property
    def everyday(self) -> bool:
        """A tie of everyday life: sharing it is what honest people do."""
        return self.name in _EVERYDAY


def channels(schema: Schema = SCHEMA) -> tuple[Channel, ...]:
    """Every channel, in schema order: its position is its code in arrays."""
    found: list[Channel] = []
    for relationship in schema.relationships:
        if relationship.human:
            continue
        for start, end in relationship.ends:
            if start not in (CUSTOMER, APPLICATION) or end not in (CUSTOMER, *schema.identifiers):
                continue
            if any(c.relationship == relationship.name and c.head == end for c in found):
                continue
            kinds = relationship.qualifier.type if relationship.qualifier is not None else None
            qualifiers = tuple(kinds.codes()) if isinstance(kinds, Choice) else ("",)
            found.extend(Channel(relationship.name, end, qualifier) for qualifier in qualifiers)
    return tuple(found)


CHANNELS = channels()
