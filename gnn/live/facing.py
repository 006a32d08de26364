"""Facing: one application in the graph in memory, as the two questions that are asked of it: its own, and its customer's by the latest application."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.arrays.channels import APPLICATION, CUSTOMER
from gnn.arrays.export import features_of
from gnn.arrays.graph import NEVER, Applications, Customers, GraphArrays, Identifiers, Uses
from gnn.features.build import FeatureTable, Walker, column_names
from gnn.features.questions import QuestionSet
from gnn.features.tabular import form, own_past
from gnn.features.ties import ties_of
from gnn.features.vocabulary import Vocabulary
from gnn.features.walk import RingView, Rows
from gnn.live.graph import LiveGraph
from gnn.nets.rows import surroundings
from gnn.nets.typed import TypedGraph
from graph_model.records import AsOf
from graph_model.store import GraphStore


@dataclass(frozen=True, slots=True)
class Facing:
    """What the graph says; the first of two rows is the application's. `frauds` are confirmed ones, the application's and all of its customer's."""

    handles: tuple[int, int]  # of the application, and of the latest
    applied_at: NDArray[np.int64]
    person: int  # handle
    moment: int
    own: Rows
    walked: Rows
    frauds: tuple[int, int]
    ties: Mapping[int, float]
    surroundings: TypedGraph | None  # where they were asked for

    def table(self, store: GraphStore, vocabulary: Vocabulary, as_of: AsOf) -> FeatureTable:
        """With what the forms say, which is read where it is kept."""
        both = sorted(set(self.handles))
        people = store.scan_nodes(CUSTOMER, features_of(CUSTOMER), among=[self.person], as_of=as_of)
        forms = store.scan_nodes(APPLICATION, features_of(APPLICATION), among=both, as_of=as_of)
        asked = np.searchsorted(both, self.handles).astype(np.int32)
        applied_at = np.empty(len(both), dtype=np.int64)
        applied_at[asked] = self.applied_at
        unknown = np.full(len(both), NEVER, dtype=np.int64)
        none = np.empty(0, dtype=np.int32)
        arrays = GraphArrays(
            as_of=self.moment - 1,
            customers=Customers(people.handles, people.first_seen, people.properties),
            applications=Applications(
                forms.handles,
                np.zeros(len(both), dtype=np.int32),
                applied_at,
                forms.properties,
                *(unknown, unknown, unknown, unknown),
                investigated=np.zeros(len(both), dtype=np.bool_),
            ),
            identifiers=Identifiers((), none.astype(np.int8), none.astype(np.int64)),
            uses=Uses(none, none, none.astype(np.int8), none.astype(np.int64)),
        )
        moments = np.full(2, self.moment, dtype=np.int64)
        told = form(arrays, QuestionSet(np.zeros(2, dtype=np.int32), asked, moments), vocabulary)
        names, coded, tabular = column_names()
        return FeatureTable(names, coded, tabular, np.concatenate((told, self.own, self.walked), axis=1))


def facing(
    graph: LiveGraph,
    application: int,
    *,
    moment: int,
    vocabulary: Vocabulary,
    view: RingView,
    hub_cap: int,
    around: bool = False,
) -> Facing | None:
    """None where nobody is known to have made the application. With `around`, the surroundings that a net looks at are told too."""
    me = graph.maker(application)
    if me < 0:
        return None
    past = graph.past(vocabulary)
    made = np.arange(past.ptr[me], past.end[me])
    handles = graph.applications[made]
    mine = np.flatnonzero(handles == application)
    if len(mine) == 0:
        return None
    position = np.array([made[mine[0]], made[-1]], dtype=np.int32)
    asked = QuestionSet(np.full(2, me, dtype=np.int32), position, np.full(2, moment, dtype=np.int64))
    outcomes = graph.outcomes
    links = graph.links
    walker = Walker(asked, position, graph.people, past, hub_cap)
    fraud = outcomes[1]
    return Facing(
        handles=(application, int(handles[-1])),
        applied_at=past.applied_at[position],
        person=graph.handle(me),
        moment=moment,
        own=own_past(asked.customer, asked.moment, position, past, *outcomes),
        walked=walker(np.arange(2), graph.own, links, view, graph.notes(2)),
        frauds=(int(fraud[position[0]] < NEVER), int((fraud[made] < NEVER).sum())),
        ties=ties_of(links, graph.handles, me, hub_cap),
        surroundings=surroundings(graph.around, asked) if around else None,
    )
