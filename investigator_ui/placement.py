"""Where an expansion's new nodes go: a fan around the parent, away from the middle of the graph. What is there never moves."""

import math
from collections.abc import Iterator, Mapping, Sequence

Point = tuple[float, float]

FIRST_RING = 120.0
BETWEEN_RINGS = 74.0
BETWEEN_NODES = 70.0  # along a ring
CLEARANCE = 58.0  # to any node that is already there
HALF_FAN = math.radians(75)


def fan(new: Sequence[str], *, parent: str, there: Mapping[str, Point]) -> dict[str, Point]:
    """A place for each new node, in their order, from the inside out; the same input gives the same places."""
    origin = there.get(parent, (0.0, 0.0))
    grid = _Grid(CLEARANCE)
    for point in there.values():
        grid.add(point)
    places: dict[str, Point] = {}
    slots = _slots(origin, _outward(origin, there))
    for node_id in new:
        place = next(slot for slot in slots if grid.is_free(slot))
        grid.add(place)
        places[node_id] = place
    return places


def _outward(origin: Point, there: Mapping[str, Point]) -> float | None:
    """The direction from the graph's middle to the parent; None where the parent is the middle."""
    if not there:
        return None
    middle_x = sum(x for x, _ in there.values()) / len(there)
    middle_y = sum(y for _, y in there.values()) / len(there)
    dx, dy = origin[0] - middle_x, origin[1] - middle_y
    return None if math.hypot(dx, dy) < CLEARANCE else math.atan2(dy, dx)


def _slots(origin: Point, direction: float | None) -> Iterator[Point]:
    """Endless: ring by ring, on each ring from the fan's axis to both sides. The fan opens as it grows."""
    ring = 0
    while True:
        radius = FIRST_RING + ring * BETWEEN_RINGS
        half = math.pi if direction is None else min(HALF_FAN + 0.2 * ring, math.pi)
        step = BETWEEN_NODES / radius
        count = max(int(half / step), 0)
        for k in range(count + 1):
            for side in (1, -1) if k else (1,):
                angle = (direction if direction is not None else -math.pi / 2) + side * k * step
                yield origin[0] + radius * math.cos(angle), origin[1] + radius * math.sin(angle)
        ring += 1


class _Grid:
    """Points in cells as wide as the clearance, so that a place is checked against its nine cells only."""

    def __init__(self, clearance: float) -> None:
        self._clearance = clearance
        self._cells: dict[tuple[int, int], list[Point]] = {}

    def add(self, point: Point) -> None:
        self._cells.setdefault(self._cell(point), []).append(point)

    def is_free(self, point: Point) -> bool:
        column, row = self._cell(point)
        near = (self._cells.get((column + i, row + j), ()) for i in (-1, 0, 1) for j in (-1, 0, 1))
        return all(math.dist(point, other) >= self._clearance for cell in near for other in cell)

    def _cell(self, point: Point) -> tuple[int, int]:
        return math.floor(point[0] / self._clearance), math.floor(point[1] / self._clearance)
