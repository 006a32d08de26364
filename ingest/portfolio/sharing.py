"""What honest customers apply with, and the honest reasons to share it: family, colleagues, shops, agents, second-hand handsets."""

from dataclasses import dataclass

import numpy as np

from ingest.portfolio.applications import AGENT, STORE, Applications
from ingest.portfolio.arrays import NONE, Book, Bools, GroupPicker, Ints, Rng, chance, pick
from ingest.portfolio.changes import Changes
from ingest.portfolio.people import People
from ingest.portfolio.places import Places
from ingest.portfolio.regions import Regions
from ingest.portfolio.workplaces import Settlement


@dataclass(frozen=True, slots=True)
class Books:
    """The identifiers handed out so far, by type."""

    phones: Book
    devices: Book
    addresses: Book
    accounts: Book
    ips: Book
    employers: Book

    @classmethod
    def empty(cls) -> "Books":
        return cls(Book(), Book(), Book(), Book(), Book(), Book())


@dataclass(frozen=True, slots=True)
class Holdings:
    """Identifiers by customer and by application (`app_…`), NONE where not known. `planting` changes the arrays in place."""

    phone: Ints
    account: Ints
    home: Ints
    workplace: Ints
    employer: Ints
    app_phone: Ints
    app_device: Ints
    app_ip: Ints
    app_delivery: Ints
    app_payout: Ints


def equip(
    rng: Rng,
    people: People,
    settlement: Settlement,
    regions: Regions,
    places: Places,
    apps: Applications,
    changes: Changes,
    phone: Ints,
    books: Books,
) -> Holdings:
    """Gives every customer and application what an honest one would use. `phone` is each customer's first number."""
    count, total = len(people), len(apps)
    account = books.accounts.take(count)
    who = apps.customer
    province = regions.province[settlement.region[who]]
    shop = np.where(apps.channel == STORE, places.shop.draw(rng, province), NONE)
    agent = np.where(apps.channel == AGENT, places.agent.draw(rng, province), NONE)

    app_device = _devices(rng, people, apps, books.devices)
    _lend(rng, app_device, shop, places.shop_device, 0.80)
    _lend(rng, app_device, agent, places.agent_device, 0.35)
    app_ip = _exits(rng, settlement, places, who, province)
    _lend(rng, app_ip, shop, places.shop_exit, 0.85)
    _lend(rng, app_ip, agent, places.agent_exit, 0.30)
    app_phone = _phones(rng, people, apps, phone, changes)
    _lend(rng, app_phone, agent, places.agent_phone, 0.30)
    app_payout = _payouts(rng, people, who, account, books.accounts)
    _lend(rng, app_payout, shop, places.shop_account, 0.75)
    app_delivery = _deliveries(rng, settlement, regions, places, apps, changes, books.addresses)
    app_delivery[(shop != NONE) | chance(rng, 0.22, total)] = NONE
    _share_with_helper(rng, apps, settlement, app_phone, app_device, app_ip, phone)

    told_account = np.where(chance(rng, 0.88, count), account, NONE)
    told_employer = np.where(chance(rng, 0.96, count), settlement.employer, NONE)
    return Holdings(
        phone, told_account, settlement.home.copy(), settlement.workplace.copy(), told_employer,
        app_phone, app_device, app_ip, app_delivery, app_payout,
    )  # fmt: skip


def _lend(rng: Rng, column: Ints, lender: Ints, lent: Ints, probability: float) -> None:
    """Those with a lender use what it lends, with `probability`."""
    uses = (lender != NONE) & chance(rng, probability, len(column))
    column[uses] = lent[lender[uses]]


def _devices(rng: Rng, people: People, apps: Applications, book: Book) -> Ints:
    count = len(people)
    first = book.take(count)
    replaces = chance(rng, 0.20, count)
    second = np.where(replaces, book.take(count), first)
    switched_at = apps.at.min() + rng.random(count) * (apps.at.max() - apps.at.min())
    # Second-hand: one customer's old handset is another's new one from the day on which it was replaced.
    sellers = rng.permutation(np.flatnonzero(replaces))
    buyers = np.flatnonzero(~replaces & chance(rng, 0.022, count))[: len(sellers)]
    sellers = sellers[: len(buyers)]
    second[buyers], switched_at[buyers] = first[sellers], switched_at[sellers]
    who = apps.customer
    device = np.where(apps.at < switched_at[who], first[who], second[who])
    # Families: one handset between two, or a parent's application made by the child.
    borrows = (people.relative[who] != NONE) & chance(rng, 0.20, len(who))
    device = np.where(borrows, first[people.relative[who]], device)
    # A friend's or a neighbour's handset.
    friend = rng.integers(0, count, size=len(who))
    return np.where(chance(rng, 0.006, len(who)), first[friend], device)


def _exits(rng: Rng, settlement: Settlement, places: Places, who: Ints, province: Ints) -> Ints:
    total = len(who)
    cell = places.cell.draw(rng, province)
    way = pick(rng, (0.44, 0.36, 0.15, 0.05), total)
    home = settlement.home_exit[who]
    exits = np.choose(
        way,
        [
            np.where(cell == NONE, home, places.cell_exit[cell]),
            home,
            np.where(settlement.work_exit[who] == NONE, home, settlement.work_exit[who]),
            places.wifi_exit[pick(rng, places.wifi_weight, total)],
        ],
    )
    exits[chance(rng, 0.02, total)] = NONE
    return np.asarray(exits, dtype=np.int64)


def _phones(rng: Rng, people: People, apps: Applications, phone: Ints, changes: Changes) -> Ints:
    """The customer's number of the day; some give a relative's."""
    who = apps.customer
    used = np.where(apps.at < changes.phone_from[who], phone[who], changes.new_phone[who])
    gives_relative = (people.relative[who] != NONE) & chance(rng, 0.05, len(who))
    return np.where(gives_relative, phone[people.relative[who]], used)


def _payouts(rng: Rng, people: People, who: Ints, account: Ints, book: Book) -> Ints:
    total = len(who)
    other_card = np.full(len(people), NONE, dtype=np.int64)
    has_other = np.flatnonzero(chance(rng, 0.22, len(people)))
    other_card[has_other] = book.take(len(has_other))
    uses_other = (other_card[who] != NONE) & chance(rng, 0.6, total)
    used = np.where(uses_other, other_card[who], account[who])
    family = (people.relative[who] != NONE) & chance(rng, 0.12, total)
    return np.where(family, account[people.relative[who]], used)


def _deliveries(
    rng: Rng, settlement: Settlement, regions: Regions, places: Places, apps: Applications, changes: Changes, book: Book
) -> Ints:
    who, total = apps.customer, len(apps)
    way = pick(rng, (0.62, 0.17, 0.17, 0.04), total)
    home = np.where(apps.at < changes.home_from[who], settlement.home[who], changes.new_home[who])
    point = places.pick_up.draw(rng, regions.city[settlement.region[who]])
    elsewhere = home.copy()
    new = np.flatnonzero(way == 3)
    elsewhere[new] = book.take(len(new), region=settlement.region[who[new]])
    return np.asarray(
        np.choose(
            way,
            [
                home,
                np.where(settlement.workplace[who] == NONE, home, settlement.workplace[who]),
                np.where(point == NONE, home, places.pick_up_address[point]),
                elsewhere,
            ],
        ),
        dtype=np.int64,
    )


def _share_with_helper(
    rng: Rng, apps: Applications, settlement: Settlement, app_phone: Ints, app_device: Ints, app_ip: Ints, phone: Ints
) -> None:
    """Colleagues who apply together do so at the office, some by the helper's phone or tablet: honest, and looks like packaging."""
    rows = np.flatnonzero(apps.campaign)
    if len(rows) == 0:
        return
    firm = settlement.employer[apps.customer[rows]]
    helper = GroupPicker(firm, np.ones(len(rows)), int(firm.max()) + 1).draw(rng, firm)
    # One helper per firm: the first that was drawn for it.
    _, first, member_of = np.unique(firm, return_index=True, return_inverse=True)
    helping: Ints = rows[helper[first]][member_of]
    by_phone: Bools = chance(rng, 0.45, len(rows))
    by_device: Bools = chance(rng, 0.30, len(rows))
    at_office: Bools = chance(rng, 0.75, len(rows))
    app_phone[rows[by_phone]] = phone[apps.customer[helping[by_phone]]]
    app_device[rows[by_device]] = app_device[helping[by_device]]
    office = settlement.work_exit[apps.customer[rows]]
    app_ip[rows[at_office]] = office[at_office]
