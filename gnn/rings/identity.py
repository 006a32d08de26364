"""Identity: a ring's id stays from run to run. A ring is yesterday's when most of its members are; otherwise it is new."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

LEAST_OVERLAP = 0.5  # Jaccard: members in both among members in either


def stable_ids(rings: Sequence[Sequence[str]], previous: Mapping[str, Sequence[str]]) -> list[str]:
    """An id for each ring, given by its members' opaque ids, and the previous run's members by ring id.

    The best overlaps are settled first; each old id is given once. A new id is made of the members, so that the same rings found
    again in an empty history are called the same.
    """
    holder = {member: ring_id for ring_id, members in previous.items() for member in members}
    matches: list[tuple[float, str, int]] = []
    for position, members in enumerate(rings):
        shared = Counter(holder[member] for member in members if member in holder)
        for ring_id, both in shared.items():
            overlap = both / (len(members) + len(previous[ring_id]) - both)
            if overlap >= LEAST_OVERLAP:
                matches.append((-overlap, ring_id, position))
    chosen: dict[int, str] = {}
    used = set(previous)
    given: set[str] = set()
    for _, ring_id, position in sorted(matches):
        if position not in chosen and ring_id not in given:
            chosen[position] = ring_id
            given.add(ring_id)
    names: list[str] = []
    for position, members in enumerate(rings):
        names.append(chosen[position] if position in chosen else _new_id(members, used))
        used.add(names[-1])
    return names


def _new_id(members: Sequence[str], used: set[str]) -> str:
    digest = hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest().upper()
    return next(name for name in (f"R{digest[start : start + 8]}" for start in range(len(digest))) if name not in used)


def members_by_ring(holders: Mapping[str, str]) -> dict[str, list[str]]:
    """Ring id -> members, from member -> ring id."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for member, ring_id in holders.items():
        grouped[ring_id].append(member)
    return dict(grouped)
