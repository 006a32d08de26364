"""Circles, the gate and audiences on every engine: the same people, whichever keeps the graph."""

from datetime import timedelta

import numpy as np

from graph_model.principal import Principal, Role
from graph_model.records import AsOf, EdgeRecord, GraphBatch, NodeRecord, NodeRef
from graph_model.services import audiences
from graph_model.services.audience_records import Recipe
from graph_model.services.circle_lists import circle_graph, circle_page, quality
from graph_model.services.consent import Statement, record_consents, record_contacts, standing
from graph_model.services.gate import pass_gate, risk_moment, told
from graph_model.services.referrals import circles_of
from graph_model.store import GraphStore
from tests.services.people import GATE, NOW, START, arrive, consent, handles_of, person, refer, said, score

SUPERVISOR, MARKETER = Principal("sun", Role.SUPERVISOR), Principal("mia", Role.MARKETER)
DAY = timedelta(days=1)
PEOPLE = [person(number) for number in range(40)]


def test_a_circle_becomes_an_audience_and_its_export_on_every_engine(store: GraphStore) -> None:
    arrive(store, PEOPLE)
    refer(store, [(PEOPLE[0], other) for other in PEOPLE[1:30]] + [(PEOPLE[1], other) for other in PEOPLE[30:]])
    refer(store, [(PEOPLE[39], PEOPLE[0])], at=START + 50 * DAY)
    consent(store, PEOPLE)
    application, phone = NodeRef("Application", "X1"), NodeRef("Phone", "+8613900000001")
    store.upsert(
        GraphBatch(
            [NodeRecord(ref, START, START, "core") for ref in (application, phone)],
            [
                EdgeRecord(
                    "APPLIED", PEOPLE[2], application, START + 9 * DAY, START + 9 * DAY, START + 9 * DAY, "core"
                ),
                *(EdgeRecord("USES_PHONE", ref, phone, START, START, START, "core") for ref in PEOPLE[:2]),
            ],
            [
                said(application, "status", "approved", START + 10 * DAY),
                said(application, "label", "confirmed_fraud", START + 20 * DAY),
                said(PEOPLE[3], "blocklist", "listed", START + 20 * DAY),
            ],
        )
    )
    score(store, dict.fromkeys(PEOPLE, "A") | {PEOPLE[4]: "D"}, rings={PEOPLE[5]: "ring-1"})
    refused = [Statement(PEOPLE[6].key, "sms", "no", NOW - 2 * DAY)]
    assert record_consents(store, SUPERVISOR, refused, now=NOW - DAY).new == 1
    sent = [Statement(PEOPLE[7].key, "sms", "sent", NOW - 2 * DAY - timedelta(hours=n)) for n in range(2)]
    assert record_contacts(store, SUPERVISOR, [*sent, sent[0]], now=NOW - DAY).known == 1
    (seven,) = store.node_ids(handles_of(store, [PEOPLE[7]]))
    messages = next(
        each for each in standing(store, SUPERVISOR, GATE.policy, seven, moment=NOW) if each.channel == "sms"
    )
    assert (messages.granted, messages.sent, messages.too_often) == (True, 2, True)

    circles = circles_of(store, GATE.secret, as_of=NOW)
    (circle,) = circle_page(circles, SUPERVISOR, GATE.policy, first=5).circles
    assert (circle.size, circle.depth, circle.brought, circle.applied, circle.approved) == (40, 2, 39, 1, 1)
    worth = quality(store, circles, SUPERVISOR, circle)
    assert (worth.confirmed_fraud, worth.circular_referrals, worth.self_referrals) == (1, 3, 1)
    drawn = circle_graph(store, circles, SUPERVISOR, circle)
    assert (len(drawn.members), len(drawn.referrals), drawn.members[0].node.ref) == (40, 40, PEOPLE[0])

    passed = pass_gate(
        store,
        GATE,
        np.array(handles_of(store, PEOPLE)),
        channel="sms",
        moment=NOW,
        risk=risk_moment(store, GATE.policy, now=NOW),
    )
    out = {reason: number for reason, number in passed.excluded.items() if number > 0 and reason != "withheld"}
    assert out == {
        "no_consent": 1, "contacted": 1, "grade": 1, "ring": 1, "blocklisted": 1, "confirmed_fraud": 1,
    }  # fmt: skip
    audience, version = audiences.create(
        store, GATE, circles, MARKETER,
        audiences.Draft("spring", "sms", "friends of friends", Recipe((circle.id,))), now=NOW,
    )  # fmt: skip
    assert dict(told(SUPERVISOR, version.excluded).steps or ()) == dict(passed.excluded)
    handed = [
        each for piece in audiences.handed_out(store, GATE, MARKETER, audience, version, now=NOW) for each in piece
    ]
    assert handed == sorted(passed.node_ids) and version.members == len(handed)
    assert store.get_by_id(handed, as_of=AsOf.at(NOW))[0].label == "Customer"
    assert audiences.listed(store, MARKETER, first=5) == [audience]
    gone = audiences.withdraw(store, SUPERVISOR, audience, 1, reason="a farm was found in it", now=NOW)
    assert audiences.versions(store, MARKETER, audience) == [gone]
