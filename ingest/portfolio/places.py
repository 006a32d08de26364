"""Shared places and helpers of daily life: shops with a tablet, agents, pick-up points, carriers' exits, public Wi-Fi."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio import addresses
from ingest.portfolio.arrays import Book, Floats, GroupPicker, Ints, Rng
from ingest.portfolio.identifiers import CELL_EXIT, LANDLINE, OFFICE_EXIT, PUBLIC_EXIT
from ingest.portfolio.regions import Regions


@dataclass(frozen=True, slots=True)
class Places:
    """Pickers by province (pick-up points: by city), and what each place or helper lends: device, account, phone, exit."""

    shop: GroupPicker
    shop_device: Ints
    shop_account: Ints
    shop_exit: Ints
    agent: GroupPicker
    agent_device: Ints
    agent_phone: Ints
    agent_exit: Ints
    pick_up: GroupPicker
    pick_up_address: Ints
    cell: GroupPicker
    cell_exit: Ints
    wifi_weight: Floats
    wifi_exit: Ints


def open_places(
    rng: Rng,
    regions: Regions,
    customers: int,
    *,
    devices: Book,
    accounts: Book,
    phones: Book,
    address_book: Book,
    ips: Book,
) -> Places:
    """Numbers grow with the portfolio; sizes are skewed, so that each kind has a few hubs and many small ones."""

    def by_province(count: int) -> GroupPicker:
        return GroupPicker(regions.province[regions.draw(rng, count)], sizes(rng, count), regions.cities)

    shops, agents, points = max(4, customers // 400), max(4, customers // 500), max(4, customers // 300)
    cells = max(6, customers // 300)
    point_region = regions.draw(rng, points)
    hotspots = min(60, max(3, customers // 700))
    return Places(
        shop=by_province(shops),
        shop_device=devices.take(shops),
        shop_account=accounts.take(shops),
        shop_exit=ips.take(shops, style=OFFICE_EXIT),
        agent=by_province(agents),
        agent_device=devices.take(agents),
        agent_phone=phones.take(agents, style=LANDLINE),
        agent_exit=ips.take(agents, style=CELL_EXIT),
        pick_up=GroupPicker(regions.city[point_region], sizes(rng, points), regions.cities),
        pick_up_address=address_book.take(points, style=addresses.PICK_UP_POINT, region=point_region),
        cell=by_province(cells),
        cell_exit=ips.take(cells, style=CELL_EXIT),
        wifi_weight=1.0 / np.arange(1, hotspots + 1, dtype=np.float64),
        wifi_exit=ips.take(hotspots, style=PUBLIC_EXIT),
    )


def sizes(rng: Rng, count: int) -> Floats:
    return np.minimum(0.4 + rng.pareto(1.2, count), 30.0)
