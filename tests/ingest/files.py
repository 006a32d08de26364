"""Small files for stories: rows as dictionaries, written as CSV."""

import csv
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from stdnum.cn import ric

NOW = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)


def made_up_id(order: int, *, born: str = "19900107", place: str = "440106") -> str:
    """A valid ID number of nobody; an odd order is a man's."""
    body = f"{place}{born}{order:03}"
    return body + ric.calc_check_digit(body + "0")


WEI = made_up_id(1)  # Zhang Wei, a man
FANG = made_up_id(2)  # Li Fang, a woman
JUN = made_up_id(3)

CUSTOMER = {"id_number": WEI, "name": "张伟", "phone": "13800138000", "registered_at": "2025-05-01T10:00:00+08:00"}
APPLICATION = {
    "application_id": "A1",
    "id_number": WEI,
    "product": "cash",
    "channel": "app",
    "amount": "4400",
    "term_months": "12",
    "applied_at": "2025-06-01T10:00:00+08:00",
    "outcome": "approved",
    "phone": "13800138000",
    "device_id": "and-259d3e31167a5ad9",
    "ip": "100.91.233.235",
    "delivery_address": "广东省广州市天河区天河路1号",
    "payout_account": "4111111111111111",
}
STATUS = {"application_id": "A1", "status": "applied", "at": "2025-06-01T10:00:00+08:00"}
LABEL = {"application_id": "A1", "label": "confirmed_fraud", "known_at": "2025-12-01T10:00:00+08:00"}
CONSENT = {"id_number": WEI, "channel": "sms", "granted": "yes", "at": "2025-05-01T10:00:00+08:00"}
CONTACT = {"id_number": WEI, "channel": "sms", "result": "sent", "at": "2025-06-01T10:00:00+08:00"}
REFERRAL = {"id_number": WEI, "relation": "REFERRED", "target": FANG, "at": "2025-05-20T10:00:00+08:00"}
EMERGENCY = {**REFERRAL, "relation": "EMERGENCY_CONTACT", "target": "13900139000"}


def write(path: Path, rows: Iterable[Mapping[str, str]], *, encoding: str = "utf-8") -> Path:
    """Writes rows as CSV under the columns of them all."""
    rows = list(rows)
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding=encoding, newline="") as target:
        writer = csv.DictWriter(target, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))
