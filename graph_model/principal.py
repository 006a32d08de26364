"""Who asks. Every service and resolver takes a `Principal`; what it may see is in one table here."""

from dataclasses import dataclass
from enum import StrEnum

from graph_model.errors import Forbidden

MACHINE = "key:"  # begins the name of a principal that is an API key; a person's name can't hold the colon
_PERSON = "user:"


class Role(StrEnum):
    INVESTIGATOR = "investigator"
    SUPERVISOR = "supervisor"
    RISK_ENGINE = "risk_engine"
    MARKETER = "marketer"
    DATA_SCIENTIST = "data_scientist"
    OPERATOR = "operator"


class Right(StrEnum):
    SEE_GRAPH = "see_graph"  # nodes, edges, masked properties
    SEE_RISK = "see_risk"  # score, grade, reasons, rings, labels, decisions
    REVEAL = "reveal"  # one personal value at a time, with a reason, logged
    SEE_PERSONAL = "see_personal"  # personal properties unmasked
    EXPORT = "export"
    EDIT_GRAPH = "edit_graph"  # draw, annotate and retract links
    RECORD = "record"  # labels and dispositions
    BLOCK = "block"  # put on the blocklist and take off it
    ASSESS = "assess"  # send an application and get its decision
    SEE_JOBS = "see_jobs"
    RUN_JOBS = "run_jobs"
    SEE_METRICS = "see_metrics"
    SEE_TAGS = "see_tags"  # the dictionary of tags and their figures, of nobody in particular
    EDIT_TAGS = "edit_tags"  # define, change and delete tags
    MARKET = "market"  # referral circles without their risk, audiences, and their members behind the gate
    SEE_EXCLUSIONS = (
        "see_exclusions"  # whom the gate leaves out for what: exact waterfalls, consent and contacts of one person
    )
    RECORD_CONSENT = "record_consent"  # consent and contacts, as people and campaigns state them


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.INVESTIGATOR: frozenset(
        {
            Right.SEE_GRAPH,
            Right.SEE_RISK,
            Right.REVEAL,
            Right.EXPORT,
            Right.EDIT_GRAPH,
            Right.RECORD,
            Right.SEE_TAGS,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            Right.SEE_GRAPH,
            Right.SEE_RISK,
            Right.REVEAL,
            Right.EXPORT,
            Right.EDIT_GRAPH,
            Right.RECORD,
            Right.BLOCK,
            Right.SEE_JOBS,
            Right.SEE_TAGS,
            Right.EDIT_TAGS,
            Right.MARKET,
            Right.SEE_EXCLUSIONS,
            Right.RECORD_CONSENT,
        }
    ),
    Role.RISK_ENGINE: frozenset({Right.SEE_RISK, Right.ASSESS}),
    Role.MARKETER: frozenset({Right.SEE_TAGS, Right.EDIT_TAGS, Right.MARKET}),
    Role.DATA_SCIENTIST: frozenset(
        {Right.SEE_GRAPH, Right.SEE_RISK, Right.SEE_JOBS, Right.RUN_JOBS, Right.SEE_TAGS, Right.EDIT_TAGS}
    ),
    Role.OPERATOR: frozenset(
        {
            Right.SEE_JOBS,
            Right.RUN_JOBS,
            Right.SEE_METRICS,
            Right.RECORD_CONSENT,
            Right.SEE_TAGS,
            Right.EDIT_TAGS,
        }
    ),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or machine that was authenticated, and the one role it acts in. A machine's key may be narrower than its role: `scopes`
    are the rights it was given, None all of the role's."""

    name: str
    role: Role
    scopes: frozenset[Right] | None = None

    @property
    def rights(self) -> frozenset[Right]:
        return RIGHTS[self.role] if self.scopes is None else RIGHTS[self.role] & self.scopes

    @property
    def source(self) -> str:
        """As whom a fact of theirs is kept: `user:NAME` for a person, `key:NAME` for a machine, whose name says so already."""
        return self.name if self.name.startswith(MACHINE) else f"{_PERSON}{self.name}"

    def may(self, right: Right) -> bool:
        return right in self.rights

    def require(self, right: Right) -> None:
        """Raises Forbidden without the right."""
        if not self.may(right):
            raise Forbidden(f"The role {self.role} has no right to {right}. Ask the operator for a role that has it.")


def is_principal(source: str) -> bool:
    """Whether something was kept as stated by a principal, and not as found in a file."""
    return source.startswith((MACHINE, _PERSON))
