"""Where a Neo4j is and who asks: taken from a URL once, and shown again without its password. Pure."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from graph_model.errors import InvalidRequest

SCHEMES = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_FORM = "A Neo4j store is written neo4j://user:password@host:7687 or neo4j://user:password@host:7687/database."


@dataclass(frozen=True, slots=True)
class Address:
    """`shown` is for people: it holds no user and no password."""

    uri: str
    shown: str
    user: str | None
    password: str | None = field(repr=False)
    database: str | None = None  # the server's default where None


def parse(url: str) -> Address:
    """Raises InvalidRequest, which never repeats the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        port = 7687 if parts.port is None else parts.port
    except ValueError as exc:
        raise InvalidRequest(_FORM) from exc
    database = parts.path.strip("/")
    if parts.scheme not in SCHEMES or not parts.hostname or "/" in database or parts.query or parts.fragment:
        raise InvalidRequest(f"{_FORM} Encode / ? # and @ in a password as %2F %3F %23 %40.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    uri = f"{parts.scheme}://{host}:{port}"
    return Address(
        uri=uri,
        shown=f"{uri}/{database}" if database else uri,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        database=database or None,
    )
