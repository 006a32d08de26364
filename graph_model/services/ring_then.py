"""Who was in a ring at a past moment and has left it since. A store finds customers by the ring that they are in today, so those who left are looked
for where a ring holds together: among those who share something with its members, by themselves or by an application."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from graph_model.records import AsOf
from graph_model.store import GraphStore

ROUNDS = 6  # who left and is tied to the ring only by others who left is found over so many of them
_PEOPLE, _FORMS = "Customer", "Application"


def left_since(
    store: GraphStore, members: Sequence[str], ring_id: str, *, cap: int, limit: int, as_of: AsOf
) -> list[str]:
    """At most `limit` customers beside `members`; `cap` relationships of each node are looked at, per type."""
    new = set(store.handles(members))
    met, looked_at = set(new), set[int]()  # people; what they share
    left: list[str] = []
    for _ in range(ROUNDS):
        own = _near(store, new, cap, as_of)
        forms, people = own.pop(_FORMS, set()), own.pop(_PEOPLE, set())
        by_form = _near(store, forms, cap, as_of)
        shared = set().union(*own.values(), *(by_form[label] for label in by_form if label not in (_PEOPLE, _FORMS)))
        around = _near(store, shared - looked_at, cap, as_of)
        looked_at |= shared
        people |= around.get(_PEOPLE, set()) | _near(store, around.get(_FORMS, set()), cap, as_of).get(_PEOPLE, set())
        found = [
            node.node_id
            for node in store.get_by_id(store.node_ids(sorted(people - met)), as_of=as_of)
            if node.ring_id == ring_id
        ]
        left += found
        if len(found) == 0 or len(left) >= limit:
            break
        met |= people
        new = set(store.handles(found))
    return left[:limit]


def _near(store: GraphStore, handles: Iterable[int], cap: int, as_of: AsOf) -> dict[str, set[int]]:
    """What is tied to these nodes, by label; some of themselves may be among it."""
    asked = sorted(handles)
    found: defaultdict[str, set[int]] = defaultdict(set)
    for columns in store.edges_at(asked, cap=cap, as_of=as_of).columns if len(asked) > 0 else ():
        found[columns.start_label].update(columns.start.tolist())
        found[columns.end_label].update(columns.end.tolist())
    return dict(found)
