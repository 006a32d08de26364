"""Motifs: what a ring is called, by what its members have in common, and that a ring that nothing holds clearly is called nothing."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from api.graphql.risk_types import MOTIF
from gnn.rings.motif import MEANS, Motif, motifs_of
from graph_model.predicates import Compare, Operator
from investigator_ui.texts import TEXTS
from tests.gnn.conftest import Portfolio, Scored
from tests.gnn.graphs import Story, Use

HUB_CAP = 50


def motif(*uses: Use, size: int) -> Motif | None:
    """The motif of the one ring that customers 0 to `size` - 1 are."""
    customers = max([size, *(use.customer + 1 for use in uses)])
    ring = np.where(np.arange(customers) < size, 0, -1).astype(np.int32)
    (found,) = motifs_of(Story(customers, uses).arrays(), ring, np.array([size]), hub_cap=HUB_CAP)
    return found


def sharing(who: range, identifier: int, channel: str) -> list[Use]:
    return [Use(customer, identifier, channel) for customer in who]


@pytest.mark.parametrize(
    ("channel", "called"),
    [
        ("uses_device", Motif.DEVICE_FARM),
        ("has_account_pay_out", Motif.SHARED_ACCOUNT),
        ("has_address_home", Motif.ADDRESS_MILL),
        ("has_address_delivery", Motif.ADDRESS_MILL),
        ("emergency_contact", Motif.PHONE_CHAIN),
        ("uses_phone", Motif.INTERMEDIARY),
        ("referred", Motif.INTERMEDIARY),
        ("guarantees", None),  # one guarantor of all
        ("uses_ip", None),
        ("works_at", None),
    ],
)
def test_six_people_are_called_by_the_means_that_they_share(channel: str, called: Motif | None):
    assert motif(*sharing(range(6), 0, channel), size=6) is called


def test_a_farm_of_eight_on_two_handsets_of_which_three_also_share_an_account_is_a_device_farm():
    handsets = sharing(range(4), 0, "uses_device") + sharing(range(4, 8), 1, "uses_device")
    assert motif(*handsets, *sharing(range(3), 2, "has_account_pay_out"), size=8) is Motif.DEVICE_FARM


def test_members_who_name_one_anothers_phones_are_a_chain_though_no_two_use_the_same_phone():
    chain = [Use(member, member, "uses_phone") for member in range(5)]
    chain += [Use(member, (member + 1) % 5, "emergency_contact") for member in range(5)]
    assert motif(*chain, size=5) is Motif.PHONE_CHAIN


def test_members_who_vouch_for_the_next_are_a_circle():
    """Whoever vouches stands for an identifier that they and those whom they vouch for have in common."""
    circle = [Use(who, guarantor, "guarantees") for guarantor in range(5) for who in (guarantor, (guarantor + 1) % 5)]
    assert motif(*circle, size=5) is Motif.GUARANTOR_CIRCLE


@pytest.mark.parametrize(
    "channel", ["uses_device", "has_address_home", "uses_phone", "emergency_contact", "guarantees"]
)
def test_three_couples_with_something_of_their_own_whom_an_employer_ties_are_called_nothing(channel: str):
    couples = [Use(member, member // 2, channel) for member in range(6)]
    assert motif(*couples, *sharing(range(6), 9, "works_at"), size=6) is None


def test_a_star_has_one_middle_and_households_with_a_phone_each_have_none():
    households = [Use(member, member // 3, "uses_phone") for member in range(9)]
    assert motif(*households, size=9) is None
    assert motif(*households, *sharing(range(6), 9, "uses_phone"), size=9) is Motif.INTERMEDIARY


def test_a_family_that_all_live_at_one_address_and_share_one_phone_is_called_nothing():
    assert motif(*sharing(range(5), 0, "has_address_home"), *sharing(range(5), 1, "uses_phone"), size=5) is None


def test_fewer_than_two_in_five_of_the_members_name_no_ring():
    assert motif(*sharing(range(3), 0, "uses_device"), size=8) is None
    assert motif(*sharing(range(4), 0, "uses_device"), size=10) is Motif.DEVICE_FARM


def test_two_on_one_handset_are_no_farm_even_in_the_smallest_ring():
    assert motif(*sharing(range(2), 0, "uses_device"), size=3) is None


def test_a_lead_of_one_member_in_twenty_names_a_ring():
    accounts = sharing(range(15), 0, "has_account_pay_out")
    assert motif(*sharing(range(15), 1, "uses_device"), *accounts, size=20) is None
    assert motif(*sharing(range(16), 1, "uses_device"), *accounts, size=20) is Motif.DEVICE_FARM


def test_a_lead_of_one_member_in_thirty_names_none():
    accounts = sharing(range(15), 0, "has_account_pay_out")
    assert motif(*sharing(range(16), 1, "uses_device"), *accounts, size=30) is None
    assert motif(*sharing(range(17), 1, "uses_device"), *accounts, size=30) is Motif.DEVICE_FARM


def test_a_shop_tablet_that_sixty_people_used_holds_no_ring_together():
    assert motif(*sharing(range(60), 0, "uses_device"), size=6) is None


def test_who_shares_a_device_with_an_outsider_only_meets_no_member():
    with_outsiders = [Use(customer, customer % 6, "uses_device") for customer in range(12)]
    assert motif(*with_outsiders, size=6) is None


def test_rings_beside_each_other_are_told_apart():
    uses = sharing(range(4), 0, "uses_device") + sharing(range(4, 8), 1, "has_account_pay_out")
    ring = np.array([0] * 4 + [1] * 4 + [-1], dtype=np.int32)
    found = motifs_of(Story(9, uses).arrays(), ring, np.array([4, 4]), hub_cap=HUB_CAP)
    assert list(found) == [Motif.DEVICE_FARM, Motif.SHARED_ACCOUNT]
    assert list(motifs_of(Story(9, uses).arrays(), ring * 0 - 1, np.empty(0, dtype=np.int64), hub_cap=HUB_CAP)) == []


def test_every_motif_has_its_means():
    assert set(MEANS) == set(Motif)


def test_alerted_rings_of_the_portfolio_are_called_what_they_were_planted_as(scored: Scored, portfolio: Portfolio):
    with (portfolio.files / "truth" / "customers.csv").open(encoding="utf-8") as file:
        planted = {row["id_number"]: row["fraud_kind"] for row in csv.DictReader(file) if row["ring_id"]}
    motif_of = {motif.value: motif.value for motif in Motif}
    motif_of |= {"payout_account": "shared_account", "contact_circle": "phone_chain"}
    pairs = []
    for ring in scored.store.rings(limit=100):
        members = scored.store.select("Customer", Compare("ring_id", Operator.EQ, ring.ring_id))
        kind, most = Counter(planted.get(node.key, "honest") for node in members).most_common(1)[0]
        if kind in motif_of and 2 * most > ring.size:
            pairs.append((ring.facts["motif"], motif_of[kind]))
    named = [(called, true) for called, true in pairs if called is not None]
    # Six motifs are planted: naming by chance is right once in six.
    assert len(named) >= len(pairs) / 2
    assert sum(called == true for called, true in named) >= 0.75 * len(named)


@pytest.mark.parametrize("motif", Motif)
def test_every_motif_is_told_in_the_docs_the_api_and_both_languages(motif: Motif):
    root = Path(__file__).parents[2]
    chinese, english = TEXTS[f"motif.{motif}"]
    rows = [
        line for line in (root / "docs" / "scoring.md").read_text().splitlines() if line.startswith(f"| `{motif}` |")
    ]
    assert len(rows) == 1
    assert english in rows[0]
    assert chinese in rows[0]
    assert motif in MOTIF
    assert {key for key in TEXTS if key.startswith("motif.")} == {f"motif.{each}" for each in Motif}
