"""Propagation: label-free features of a node from what is around it. Pure; one configuration for every graph.

For features X (standardised by column), links A and P = D⁻¹A: X itself; ÂX and Â²X, Â being the mean over a node and its neighbours;
X − PX, what is unlike one's neighbours; their standard deviation; three beta-wavelet bands of order 2, (L/2)^p (I − L/2)^(2−p) with the
normalised Laplacian L (Tang et al., "Rethinking Graph Neural Networks for Anomaly Detection", ICML 2022: BWGNN); degrees, PageRank and the
leading eigenvectors of the normalised adjacency. Further kinds of link add ÂX and a degree each; entities that rows share add how many
share, and how a row lies to the others of the entity.

Where rows are events in time, A leads from each row to earlier ones only. By induction all that is made of it then knows nothing later than its row;
PageRank and eigenvectors are left out, for they are of the graph as a whole, and entities tell of a row's earlier ones.

What ties these columns to the graph they were learnt on, its scale and its coordinates, is a `Frame`, so that a newcomer is described as
those were who came before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, eigsh

from gnn.labelled import ALL, Features, GraphData, Mask, Sparse
from gnn.stack.events import history
from graph_model.errors import InvalidRequest

SPECTRAL = 16
_DAMPING, _ROUNDS = 0.85, 30
_TIES = 4_096  # of the links that were learnt on, by which the graph is known again
_LEAST_OWN = 0.1  # eigenvalues nearer to 0 tell nothing of a newcomer


@dataclass(frozen=True)
class Frame:
    """Of the graph that was learnt on: mean and spread of each feature [f], the kinds of link that it has, the names of its entities, where its
    nodes lie (spectral coordinates [n, s], with their eigenvalues [s]); by what it is known again: some of its links [2, t], and a digest
    of its features and of who has which entity in common; and whether its rows are events in time."""

    mean: Features
    spread: Features
    kinds: tuple[str, ...]
    entities: tuple[str, ...]
    places: NDArray[np.float64]
    values: NDArray[np.float64]
    ties: NDArray[np.int64]
    digest: str
    events: bool = False

    @classmethod
    def of(cls, graph: GraphData, learnt: Mask | None = None) -> "Frame":
        """The scale is that of all rows: where they are all given beforehand, as in a graph without time, what they have in common tells no label.
        Where they are events, it is that of the rows learnt from [n], if these are told, for others may be later."""
        events = graph.time is not None
        rows = graph.x[learnt] if events and learnt is not None else graph.x
        spread = rows.std(axis=0)
        kinds = tuple(name for name, links in graph.links.items() if links.nnz > 0)
        nowhere = np.zeros((graph.nodes, 0)), np.zeros(0)
        places, values = _spectral(graph.links[ALL]) if ALL in kinds and not events else nowhere
        scale = np.where(spread > 0, spread, 1).astype(np.float32)
        entities, digest = tuple(graph.entities), cls.digest_of(graph, tuple(graph.entities))
        return cls(rows.mean(axis=0), scale, kinds, entities, places, values, _some_ties(graph), digest, events)

    @staticmethod
    def digest_of(graph: GraphData, entities: Sequence[str], nodes: int | None = None) -> str:
        """Of the first nodes, left out: of all. Codes of entities are counted anew, so that a longer file may number them otherwise."""
        digest = sha256(np.ascontiguousarray(graph.x[:nodes], dtype="<f4").tobytes())
        for name in entities:
            _, first, code = np.unique(graph.entities[name][:nodes], return_index=True, return_inverse=True)
            alone = graph.entities[name][:nodes] < 0
            digest.update(name.encode() + b"\0" + np.where(alone, -1, first[code]).astype("<i8").tobytes())
        return digest.hexdigest()

    @property
    def nodes(self) -> int:
        return len(self.places)

    def begins(self, graph: GraphData) -> bool:
        """Whether the first nodes of a graph are those that were learnt on, in their order; newcomers may follow, and links be added."""
        if graph.nodes < self.nodes or any(name not in graph.entities for name in self.entities):
            return False
        if self.digest_of(graph, self.entities, self.nodes) != self.digest:
            return False
        if self.ties.shape[1] == 0:
            return True
        return ALL in graph.links and bool((graph.links[ALL][self.ties[0], self.ties[1]] > 0).all())

    def require(self, graph: GraphData) -> None:
        """Raises InvalidRequest (`graph_file.other`) for a graph that has not what was learnt on."""
        if self.events != (graph.time is not None):
            told = ("events in time, and these have no time", "no events, and these have a time")[not self.events]
            raise InvalidRequest(
                f"The model learnt from rows that are {told}. Take a file of the same columns, or train a new model.",
                code="graph_file.other",
            )
        lacking = [n for n in self.kinds if n not in graph.links] + [
            n for n in self.entities if n not in graph.entities
        ]
        if graph.x.shape[1] != len(self.mean) or len(lacking) > 0:
            what = f"{len(self.mean)} features, links {', '.join(self.kinds) or 'none'}, entities {', '.join(self.entities) or 'none'}"
            raise InvalidRequest(
                f"The model learnt from a graph of {what}; this one has other ones. Take a file of the same columns, or train a new model.",
                code="graph_file.other",
            )

    def placed(self, graph: GraphData) -> NDArray[np.float64]:
        """Coordinates [n, s]: those who were learnt on keep theirs, a newcomer's follow from the neighbours' (Nyström's extension). In another
        graph coordinates would mean nothing, so there they are 0."""
        places = np.zeros((graph.nodes, len(self.values)))
        if not self.begins(graph):
            return places
        places[: self.nodes] = self.places
        if graph.nodes > self.nodes and len(self.values) > 0:
            own = self.values - 1  # of the adjacency: its identity was added to keep them positive
            near = _normalised(graph.links[ALL])[self.nodes :, : self.nodes] @ self.places
            places[self.nodes :] = np.where(np.abs(own) > _LEAST_OWN, near / np.where(own == 0, 1, own), 0)
        return places


def label_free(graph: GraphData, frame: Frame | None = None) -> Features:
    """All label-free columns, float32 [n, c]; the first are X as it is. `frame` is that of the graph learnt on, left out: of this one."""
    frame = Frame.of(graph) if frame is None else frame
    frame.require(graph)
    scaled = ((graph.x - frame.mean) / frame.spread).astype(np.float32)
    columns: list[NDArray[np.floating]] = [graph.x]
    for name in frame.kinds:
        links = graph.around(name)
        if name != ALL:
            columns.extend(_typed(links, scaled))
            continue
        columns.extend([*_bands(links, scaled), *_standing(links, whole=not frame.events)])
        if not frame.events:
            columns.append(frame.placed(graph))
    for name in frame.entities:
        codes = graph.entities[name]
        columns.extend(_shared(codes, scaled) if graph.time is None else history(codes, graph.time, graph.x))
    return np.column_stack(columns).astype(np.float32)


def mean_of_neighbours(links: Sparse, *, with_self: bool = False) -> Sparse:
    """D⁻¹A, or its like with self-loops; the row of a node without neighbours is empty."""
    matrix = (links + sp.identity(links.shape[0], dtype=np.float32)).tocsr() if with_self else links
    return sp.csr_matrix(sp.diags(1 / np.maximum(_degree(matrix), 1)) @ matrix)


def _degree(links: Sparse) -> NDArray[np.float64]:
    return np.asarray(links.sum(axis=1), dtype=np.float64).ravel()


def _bands(links: Sparse, x: Features) -> list[NDArray[np.floating]]:
    near, smooth = mean_of_neighbours(links), mean_of_neighbours(links, with_self=True)
    mean = near @ x
    deviation = np.sqrt(np.maximum(near @ (x * x) - mean * mean, 0))
    once = smooth @ x
    normal = _normalised(links)
    first = x - normal @ x  # LX
    second = first - normal @ first  # L²X
    bands = [x - first + second / 4, first / 2 - second / 4, second / 4]
    return [once, smooth @ once, x - mean, deviation, *bands]


def _typed(links: Sparse, x: Features) -> list[NDArray[np.floating]]:
    return [mean_of_neighbours(links, with_self=True) @ x, np.log1p(_degree(links))]


def _normalised(links: Sparse) -> Sparse:
    root = sp.diags(1 / np.sqrt(np.maximum(_degree(links), 1)))
    return sp.csr_matrix(root @ links @ root)


def _standing(links: Sparse, *, whole: bool) -> list[NDArray[np.floating]]:
    """How a node stands in the graph: degrees, and, where the graph is one whole, PageRank."""
    degree = _degree(links)
    degrees = [
        np.log1p(degree),
        np.log1p(mean_of_neighbours(links) @ degree),
        np.log1p(links @ degree),  # paths of two steps
    ]
    return [*degrees, np.log1p(_pagerank(links, degree) * len(degree))] if whole else degrees


def _pagerank(links: Sparse, degree: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power iteration; a node without links jumps anywhere."""
    rows = len(degree)
    back = mean_of_neighbours(links).T.tocsr()
    rank = np.full(rows, 1 / rows)
    for _ in range(_ROUNDS):
        rank = (1 - _DAMPING) / rows + _DAMPING * (back @ rank + rank[degree == 0].sum() / rows)
    return np.asarray(rank)


def _spectral(links: Sparse) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The leading eigenvectors of the normalised adjacency plus identity, [n, at most 16], each turned so that its largest entry is positive, and
    their eigenvalues. The start vector is fixed, so the same graph gives the same columns."""
    rows = links.shape[0]
    count = min(SPECTRAL, rows - 2)
    if count < 1:
        return np.zeros((rows, 0)), np.zeros(0)
    start = np.random.default_rng(0).standard_normal(rows)
    matrix = _normalised(links).astype(np.float64) + sp.identity(rows)
    try:
        values, vectors = eigsh(matrix, k=count, which="LA", v0=start, tol=1e-3, maxiter=300)
    except ArpackError:  # no convergence: coordinates are a help, not a need
        return np.zeros((rows, count)), np.zeros(count)
    turned = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(count)])
    return np.asarray(vectors * turned), np.asarray(values)


def _some_ties(graph: GraphData) -> NDArray[np.int64]:
    """Links that lie evenly among all, int64 [2, t]."""
    if ALL not in graph.links:
        return np.zeros((2, 0), dtype=np.int64)
    links = graph.links[ALL]
    chosen = np.unique(np.linspace(0, max(0, links.nnz - 1), _TIES).astype(np.int64))[: links.nnz]
    start = np.searchsorted(links.indptr, chosen, side="right") - 1
    return np.stack((start, links.indices[chosen])).astype(np.int64)


def _shared(codes: NDArray[np.int64], x: Features) -> list[NDArray[np.floating]]:
    """Of the others who have an entity in common: how many, how the row differs from their mean, and their standard deviation."""
    members = incidence(codes)
    size = np.asarray(members.sum(axis=0)).ravel()
    others = np.maximum(members @ size - 1, 0)
    alone = others == 0
    total, squares = members @ (members.T @ x), members @ (members.T @ (x * x))
    divisor = np.where(alone, 1, others)[:, None]
    mean, square = (total - x) / divisor, (squares - x * x) / divisor
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    return [np.log1p(others), np.where(alone[:, None], 0, x - mean), np.where(alone[:, None], 0, deviation)]


def incidence(codes: NDArray[np.int64]) -> Sparse:
    """Rows x entities, 1 where the row has the entity; rows with -1 are empty."""
    having = np.flatnonzero(codes >= 0)
    shape = (len(codes), int(codes.max(initial=-1)) + 1)
    return sp.csr_matrix((np.ones(len(having), dtype=np.float32), (having, codes[having])), shape)
