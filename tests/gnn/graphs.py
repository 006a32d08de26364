"""Small named graphs as GraphArrays, for tests of what reads arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from gnn.arrays.channels import CHANNELS
from gnn.arrays.graph import NEVER, Applications, Customers, GraphArrays, Identifiers, Uses
from graph_model.columns import MISSING_MOMENT

DAY = 86_400_000
START = 19_700 * DAY  # a day of December 2023
CODES = {channel.name: code for code, channel in enumerate(CHANNELS)}


def day(number: float) -> int:
    """The moment `number` days after the story begins."""
    return START + int(number * DAY)


@dataclass(frozen=True)
class Use:
    customer: int
    identifier: int
    channel: str = "uses_device"
    since: float = 0


@dataclass(frozen=True)
class Applied:
    customer: int
    on: float
    amount: float = 10_000
    product: str | None = "cash"
    channel: str | None = "app"
    refused: float | None = None
    fraud_known: float | None = None
    good_known: float | None = None
    default_known: float | None = None


@dataclass(frozen=True)
class Story:
    customers: int
    uses: Sequence[Use] = ()
    applications: Sequence[Applied] = ()
    until: float = 700
    births: Sequence[float] = field(default_factory=tuple)

    def arrays(self) -> GraphArrays:
        n = self.customers
        uses = sorted(self.uses, key=lambda u: (u.customer, u.since))
        identifiers = max((u.identifier for u in uses), default=-1) + 1
        nothing = np.full(n, None, dtype=object)
        births = np.full(n, MISSING_MOMENT, dtype=np.int64)
        births[: len(self.births)] = np.array(self.births, dtype=np.int64)
        applied = self.applications

        def known(name: str) -> np.ndarray:
            values = [getattr(a, name) for a in applied]
            return np.array([NEVER if v is None else day(v) for v in values], dtype=np.int64)

        def text(name: str) -> np.ndarray:
            return np.array([getattr(a, name) for a in applied], dtype=object)

        moments = np.array([day(a.on) for a in applied], dtype=np.int64)
        return GraphArrays(
            as_of=day(self.until),
            customers=Customers(
                np.arange(n, dtype=np.int64),
                np.full(n, day(0), dtype=np.int64),
                {
                    "sex": nothing,
                    "birth_date": births,
                    "education": nothing,
                    "marital_status": nothing,
                    "mobile_carrier": nothing,
                },
            ),
            applications=Applications(
                handles=np.arange(len(applied), dtype=np.int64) + n,
                customer=np.array([a.customer for a in applied], dtype=np.int32),
                applied_at=moments,
                properties={
                    "product": text("product"),
                    "channel": text("channel"),
                    "amount": np.array([a.amount for a in applied], dtype=np.float64),
                    "term_months": np.full(len(applied), 12.0),
                    "applied_at": moments,
                },
                refused_at=known("refused"),
                fraud_known=known("fraud_known"),
                default_known=known("default_known"),
                good_known=known("good_known"),
                investigated=np.zeros(len(applied), dtype=np.bool_),
            ),
            identifiers=Identifiers(
                ("Device",), np.zeros(identifiers, dtype=np.int8), np.arange(identifiers, dtype=np.int64) + 10_000
            ),
            uses=Uses(
                np.array([u.customer for u in uses], dtype=np.int32),
                np.array([u.identifier for u in uses], dtype=np.int32),
                np.array([CODES[u.channel] for u in uses], dtype=np.int8),
                np.array([day(u.since) for u in uses], dtype=np.int64),
            ),
        )


def learnable(*, until: float = 700, more: float = 1.0) -> Story:
    """Enough confirmed fraud to learn from in no time: about every sixth applicant is one of a farm of eight on one device, found out after 40
    days. `more` makes the amounts of the last days so many times as large."""
    random = np.random.default_rng(5)
    days = np.sort(random.random(1_500) * 700).tolist()
    frauds = (random.random(1_500) < 1 / 6).tolist()
    amounts = (3_000 + 5_000 * (np.arange(1_500) * 0.618034 % 1)).round().tolist()  # evenly, in any stretch of time
    uses, applied, farmed = [], [], 0
    for number, (on, fraud, amount) in enumerate(zip(days, frauds, amounts, strict=True)):
        if on > until:
            break
        uses.append(Use(number, 2_000 + farmed // 8 if fraud else number, since=max(0.0, on - 1)))
        known = on + 40 if fraud and on + 40 < until else None
        applied.append(Applied(number, on, amount=amount * (more if on > 525 else 1.0), fraud_known=known))
        farmed += fraud
    return Story(len(applied), uses, applied, until=until)
