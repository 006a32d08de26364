"""A real server on a free port with the reference case in SQLite, and a client per role. What it logs is kept, to be searched for personal data."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn

from api.app import create_app
from api.auth import begin_session
from api.bootstrap import Runtime, build
from api.logs import configure
from api.ports import listening_socket
from api.settings import Settings
from api.users import Users
from gnn.warm import warm
from graph_model.principal import Role
from graph_model.stores import open_store
from tests.fixtures import reference_case
from tests.fixtures.reference_case import ReferenceCase

PASSWORD = "correct horse battery"


@dataclass
class Client:
    """One logged-in user. `data` is for answers without errors, `code` for refusals."""

    http: httpx.Client
    token: str | None

    def post(self, query: str, variables: dict[str, Any] | None = None, **body: Any) -> httpx.Response:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return self.http.post("/graphql", json={"query": query, "variables": variables, **body}, headers=headers)

    def data(self, query: str, **variables: Any) -> Any:
        body = self.post(query, variables).json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    def code(self, query: str, **variables: Any) -> str:
        body = self.post(query, variables).json()
        codes = {error["extensions"]["code"] for error in body["errors"]}
        assert len(codes) == 1, body
        return str(codes.pop())


@dataclass
class Served:
    """A running server."""

    url: str
    runtime: Runtime
    case: ReferenceCase
    log: io.StringIO
    tokens: dict[Role, str]

    def client(self, role: Role | None = Role.INVESTIGATOR) -> Client:
        return Client(httpx.Client(base_url=self.url, timeout=30), None if role is None else self.tokens[role])

    def last_line(self) -> int:
        """The sequence of the audit chain's last line."""
        last = 0
        while len(lines := self.runtime.store.audit(after=last)) > 0:
            last = lines[-1].sequence
        return last


class ServerThread:
    """uvicorn in a thread, on a socket of its own choosing."""

    def __init__(self, settings: Settings, runtime: Runtime | None = None, *, port: int = 0) -> None:
        self._socket = listening_socket("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(create_app(settings, runtime), access_log=False, log_level="warning")
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            time.sleep(0.01)
        return self.url

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands and servers that a test starts set the level and the stream of the whole process."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one user per role, named like the role."""
    folder = tmp_path_factory.mktemp("home")
    users = Users(folder)
    for role in Role:
        users.add(role.value, role.value, PASSWORD, now=datetime.now(UTC))
    return folder


@pytest.fixture(scope="session")
def served(home: Path) -> Iterator[Served]:
    warm()  # or the first explanation waits for compilers, on a busy machine longer than an operation may take
    settings = Settings(home=home, rate_capacity=10_000_000)  # a test run asks more than a person
    store = open_store(settings.store_address, create=True)
    case = reference_case.load(store)
    store.close()
    log = io.StringIO()
    configure("debug", stream=log)
    runtime = build(settings)
    with ServerThread(settings, runtime) as url:
        users = {user.role: user for user in runtime.users.all()}
        tokens = {role: begin_session(runtime, users[role], now=runtime.clock())[0] for role in Role}
        yield Served(url, runtime, case, log, tokens)


@pytest.fixture
def investigator(served: Served) -> Client:
    return served.client()
