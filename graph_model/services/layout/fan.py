"""Fan: places for the neighbours that an expansion adds, around their parent and away from what is already drawn, which never moves. Pure."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from graph_model.services.layout.geometry import CLEAR, Floats

FIRST_RADIUS = 2.0 * CLEAR
OPENING = np.pi  # the half turn that looks away from the centre of the drawing


def fan(count: int, *, parent: tuple[float, float], known: Sequence[tuple[float, float]] = ()) -> Floats:
    """Positions, shape [count, 2]: arcs around `parent`, nearest and most central first, each place SPACING clear of all others and of
    `known`. Where nothing is known, the fan opens to the right."""
    centre = np.asarray(parent, dtype=float)
    drawn = np.asarray(known, dtype=float).reshape(-1, 2)
    away = centre - drawn.mean(axis=0) if len(drawn) > 0 else np.zeros(2)
    direction = float(np.arctan2(away[1], away[0])) if np.hypot(*away) > 1e-6 else 0.0
    blocked = cKDTree(drawn) if len(drawn) > 0 else None
    found: list[Floats] = []
    arc = 0
    while sum(len(part) for part in found) < count:
        places = _arc(centre, direction, FIRST_RADIUS + arc * CLEAR)
        if blocked is not None:
            places = places[blocked.query(places)[0] >= CLEAR]
        found.append(places)
        arc += 1
    return np.round(np.concatenate(found)[:count], 1) if count > 0 else np.zeros((0, 2))


def _arc(centre: Floats, direction: float, radius: float) -> Floats:
    """Places on one arc, from its middle outwards to both sides by turns."""
    step = 2 * float(np.arcsin(CLEAR / (2 * radius)))
    half = int(OPENING / 2 / step)
    offsets = [0] + [sign * place for place in range(1, half + 1) for sign in (1, -1)]
    angles = direction + step * np.asarray(offsets)
    return centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])
