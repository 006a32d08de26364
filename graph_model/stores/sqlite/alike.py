"""What the conditions of one statement ask alike of a node's surroundings: worked out once per node, in a column that all of them read.

A statement is compiled twice. The first time this notes what is asked and how often; from then on what is asked more than once is known as a column, whose
text stands in the statement's inner SELECT. Counts that differ only in what they are compared with are one, as far as the farthest of them.
"""

from collections import Counter
from collections.abc import Sequence

from graph_model.predicates import Near
from graph_model.stores.sqlite.graph_sql import Asked
from graph_model.stores.sqlite.nearby import Nearby
from graph_model.stores.sqlite.values import Cell

_Key = tuple[str, tuple[Cell, ...]]


class Alike:
    """Answers for a statement over the handles between two; `nearby` answers what is near few before the statement is run."""

    def __init__(self) -> None:
        self._times: Counter[_Key] = Counter()
        self._asked: dict[_Key, Asked] = {}
        self._nearby: dict[_Key, Nearby | None] = {}
        self._columns: dict[_Key, str] = {}
        self._between = (0, 0)

    def known(self, asked: Asked) -> tuple[str, Sequence[Cell]] | None:
        key = _key(asked)
        nearby = self._nearby.get(key)
        if nearby is not None:
            return "(n.nid IN (SELECT value FROM json_each(?)))", [nearby.between(*self._between)]
        if key in self._columns:
            return self._columns[key], []
        self._times[key] += 1
        before = self._asked.get(key)
        if before is None or (before.most or 0) < (asked.most or 0):
            self._asked[key] = asked
        return None

    def nears(self) -> dict[_Key, Near]:
        """What is near something, of all that was asked."""
        return {key: each.predicate for key, each in self._asked.items() if isinstance(each.predicate, Near)}

    def settle(self, nearby: dict[_Key, Nearby | None]) -> None:
        """All has been asked: from now on what is asked again is known."""
        self._nearby = nearby
        often = [key for key, times in self._times.items() if times > 1 and nearby.get(key) is None]
        self._columns = {key: f"n.s{place}" for place, key in enumerate(often)}

    def between(self, after: int, upto: int) -> "Alike":
        """The same for these handles, in a statement of its own."""
        own = Alike()
        own._asked, own._nearby, own._columns, own._between = self._asked, self._nearby, self._columns, (after, upto)
        return own

    def columns(self) -> tuple[list[str], list[Cell]]:
        """What the inner SELECT reads beside fields, and the parameters in it."""
        texts, parameters = [], list[Cell]()
        for key, column in self._columns.items():
            texts.append(f"{self._asked[key].text} AS {column.removeprefix('n.')}")
            parameters += self._asked[key].parameters
        return texts, parameters


def _key(asked: Asked) -> _Key:
    return asked.text, asked.parameters if asked.most is None else asked.parameters[:-1]
