"""Layout: deterministic positions, computed on the server in canvas pixels with the subject at (0, 0). Pure; arrays in, arrays out.

Up to CONCENTRIC_LIMIT nodes: rings by hop around the subject, neighbours grouped near their parent. Above: communities, a force layout inside
each, and the communities' discs packed side by side. Two nodes are never nearer than SPACING.
"""

from graph_model.services.layout.arrange import CONCENTRIC_LIMIT, Placement, arrange, arrange_discs
from graph_model.services.layout.communities import communities
from graph_model.services.layout.fan import fan
from graph_model.services.layout.geometry import SPACING

__all__ = ["CONCENTRIC_LIMIT", "SPACING", "Placement", "arrange", "arrange_discs", "communities", "fan"]
