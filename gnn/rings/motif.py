"""Motif: what kind of ring it is, told from what its members have in common. Pure; None where nothing holds a ring together clearly.

Of each motif it is asked which share of the members meet others by its means. The greatest share names the ring, where it is at least two in
five of the members and three of them, and more than any other motif's by one member in twenty. Couples make no motif: a ring of households that an employer
ties is no address mill. IP addresses name nothing: rings of all kinds come from a few exits; and hubs hold no ring together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from gnn.arrays.channels import CHANNELS
from gnn.arrays.csr import Index
from gnn.arrays.graph import GraphArrays

LEAST_SHARE = 0.4  # of the members
LEAST_MEMBERS = 3
LEAST_LEAD = 0.05  # of the members, ahead of the motif that comes next


class Motif(StrEnum):
    """Stable codes; docs/scoring.md tells them."""

    DEVICE_FARM = "device_farm"  # 设备农场
    SHARED_ACCOUNT = "shared_account"  # 共用收款账户
    ADDRESS_MILL = "address_mill"  # 地址工厂
    PHONE_CHAIN = "phone_chain"  # 电话链
    INTERMEDIARY = "intermediary"  # 中介包装
    GUARANTOR_CIRCLE = "guarantor_circle"  # 互保圈


class Form(Enum):
    """What makes a meeting of members more than a couple's household."""

    EACH = "three at least on each thing"
    STAR = "three at least on one thing, the one that most of them share"
    CHAIN = "three at least who hang together by things that two share"
    CIRCLE = "a chain over more than one thing"


@dataclass(frozen=True, slots=True)
class Means:
    """Members who use something by one of `channels` count, where other members use it too, be it by one of `met_by`, in that form."""

    channels: tuple[str, ...]
    met_by: tuple[str, ...] = ()
    form: Form = Form.EACH


# Of several means the one by which most members meet counts.
MEANS: Mapping[Motif, tuple[Means, ...]] = {
    Motif.DEVICE_FARM: (Means(("uses_device",)),),
    Motif.SHARED_ACCOUNT: (Means(("has_account_pay_out",)),),
    Motif.ADDRESS_MILL: (Means(("has_address_home",)), Means(("has_address_delivery",))),
    # Members name as their contact a number that another member uses, or names as well.
    Motif.PHONE_CHAIN: (Means(("emergency_contact",), met_by=("uses_phone",), form=Form.CHAIN),),
    # A star: those who apply with one go-between's phone, or whom one person brought.
    Motif.INTERMEDIARY: (Means(("uses_phone",), form=Form.STAR), Means(("referred",), form=Form.STAR)),
    # One guarantor of many is no circle: members vouch for members who vouch.
    Motif.GUARANTOR_CIRCLE: (Means(("guarantees",), form=Form.CIRCLE),),
}
_CODES = {channel.name: code for code, channel in enumerate(CHANNELS)}


def motifs_of(arrays: GraphArrays, ring: Index, sizes: NDArray[np.int64], *, hub_cap: int) -> Sequence[Motif | None]:
    """The motif of each ring. `ring` is that of each customer, -1 for none; `sizes` are the rings' numbers of members."""
    met = np.stack([_members(arrays, ring, len(sizes), MEANS[motif], hub_cap) for motif in Motif])
    order = np.argsort(-met, axis=0, kind="stable")
    best, second = (np.take_along_axis(met, order[place : place + 1], axis=0)[0] for place in (0, 1))
    clear = (
        (best >= LEAST_MEMBERS) & (best >= LEAST_SHARE * sizes - 1e-9) & (best - second >= LEAST_LEAD * sizes - 1e-9)
    )
    return [list(Motif)[motif] if named else None for motif, named in zip(order[0].tolist(), clear, strict=True)]


def _members(arrays: GraphArrays, ring: Index, rings: int, ways: Sequence[Means], hub_cap: int) -> NDArray[np.int64]:
    """How many members of each ring meet another by the best of these means."""
    found = np.stack([_meeting(arrays, ring, rings, means, hub_cap) for means in ways])
    return np.asarray(found.max(axis=0))


def _meeting(arrays: GraphArrays, ring: Index, rings: int, means: Means, hub_cap: int) -> NDArray[np.int64]:
    uses = arrays.uses
    counted = np.array([_CODES[name] for name in means.channels])
    meets = np.array([_CODES[name] for name in (*means.channels, *means.met_by)])
    degree = np.diff(arrays.incidence.identifier_ptr)
    kept = np.isin(uses.channel, meets) & (ring[uses.customer] >= 0) & (degree[uses.identifier] <= hub_cap)
    customer, identifier = uses.customer[kept].astype(np.int64), uses.identifier[kept].astype(np.int64)
    cell = ring[customer] * np.int64(len(arrays.identifiers.handles)) + identifier
    # Each member once on each identifier, then those on which enough of a ring are.
    pair = np.unique(np.stack((cell, customer)), axis=1)
    shared, place, users = np.unique(pair[0], return_inverse=True, return_counts=True)
    if means.form in (Form.EACH, Form.STAR):
        held = users >= LEAST_MEMBERS
    else:
        held = _hanging_together(place, pair[1], users, least_things=2 if means.form is Form.CIRCLE else 1)
    if means.form is Form.STAR:
        held &= _greatest(shared // np.int64(len(arrays.identifiers.handles)), users)
    here = np.isin(uses.channel[kept], counted) & np.isin(cell, shared[held])
    members = np.unique(customer[here])
    return np.bincount(ring[members], minlength=rings)


def _hanging_together(
    place: NDArray[np.int64], customer: NDArray[np.int64], users: NDArray[np.int64], *, least_things: int
) -> NDArray[np.bool_]:
    """Which things are part of a chain: what two members share at least, where by such things three members hang together."""
    by_two = users[place] >= 2
    people, who = np.unique(customer[by_two], return_inverse=True)
    number = len(users) + len(people)
    links = csr_array((np.ones(len(who)), (place[by_two], who + len(users))), shape=(number, number))
    _, knot = connected_components(links, directed=False)
    members = np.bincount(knot[len(users) :], minlength=number)
    things = np.bincount(knot[: len(users)], minlength=number)
    enough = (members >= LEAST_MEMBERS) & (things >= least_things)
    return np.asarray(enough[knot[: len(users)]])


def _greatest(ring: NDArray[np.int64], users: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of each ring the thing with most users, of equals the first."""
    order = np.lexsort((np.arange(len(users)), -users, ring))
    found = np.zeros(len(users), dtype=np.bool_)
    found[order[np.unique(ring[order], return_index=True)[1]]] = True
    return found
