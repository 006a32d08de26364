"""Who asks. Every service and resolver takes a `Principal`; what it may see is in one table here."""

from dataclasses import dataclass
from enum import StrEnum

from graph_model.errors import Forbidden


class Role(StrEnum):
    INVESTIGATOR = "investigator"
    SUPERVISOR = "supervisor"
    RISK_ENGINE = "risk_engine"
    MARKETER = "marketer"
    DATA_SCIENTIST = "data_scientist"
    OPERATOR = "operator"


class Right(StrEnum):
    SEE_GRAPH = "see_graph"  # nodes, edges, masked properties
    SEE_RISK = "see_risk"  # score, grade, reasons, rings
    REVEAL = "reveal"  # one personal value at a time, with a reason, logged
    SEE_PERSONAL = "see_personal"  # personal properties unmasked
    EXPORT = "export"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.INVESTIGATOR: frozenset({Right.SEE_GRAPH, Right.SEE_RISK, Right.REVEAL, Right.EXPORT}),
    Role.SUPERVISOR: frozenset({Right.SEE_GRAPH, Right.SEE_RISK, Right.REVEAL, Right.EXPORT}),
    Role.RISK_ENGINE: frozenset({Right.SEE_RISK}),
    Role.MARKETER: frozenset(),
    Role.DATA_SCIENTIST: frozenset({Right.SEE_GRAPH, Right.SEE_RISK}),
    Role.OPERATOR: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or machine that was authenticated, and the one role it acts in."""

    name: str
    role: Role

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raises Forbidden without the right."""
        if not self.may(right):
            raise Forbidden(f"The role {self.role} has no right to {right}. Ask the operator for a role that has it.")
