"""Findings: what the doctor says, one line each. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from graph_model.errors import GuanxiError, StoreCorrupt

_RESTORE = "Stop the server, then put a backup in its place: guanxi restore BACKUP --replace (docs/operations.md)."

SKEW_SECONDS = 60.0  # by which clocks may differ


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Unwell(GuanxiError):
    """Something that the doctor found and that has no code of its own."""

    code = "doctor.problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do about it, `values` the figures for machines. A problem has the code of an error."""

    area: str
    name: str
    level: Level
    message: str
    advice: str = ""
    code: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        return asdict(self) | {"level": self.level.value, "values": dict(self.values)}


@dataclass(frozen=True, slots=True)
class Area:
    """Makes the findings of one area."""

    name: str

    def ok(self, name: str, message: str, **values: object) -> Finding:
        return Finding(self.name, name, Level.OK, message, values=values)

    def warning(self, name: str, message: str, advice: str, **values: object) -> Finding:
        return Finding(self.name, name, Level.WARNING, message, advice, values=values)

    def problem(self, name: str, message: str, advice: str, *, code: str = Unwell.code, **values: object) -> Finding:
        return Finding(self.name, name, Level.PROBLEM, message, advice, code, values)

    def failed(self, name: str, error: GuanxiError) -> Finding:
        """Its message says what to do already, but for a damaged graph, where it says to call the doctor."""
        if isinstance(error, StoreCorrupt) and len(error.findings) > 0:
            return self.problem(name, f"It is damaged: {'; '.join(error.findings)}.", _RESTORE, code=error.code)
        return self.problem(name, error.message, "", code=error.code)


def problems(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.PROBLEM]


def size(number: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
