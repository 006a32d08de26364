"""A server of a test's own, for tests that write: the users of the session's home, another store, and a clock that can be set."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.auth import begin_session
from api.bootstrap import build
from api.settings import Settings
from graph_model.principal import Role
from graph_model.store import Clock, utc_now
from graph_model.stores import open_store
from tests.api.conftest import Served, ServerThread
from tests.fixtures import reference_case


@contextmanager
def serving(home: Path, folder: Path, *, clock: Clock = utc_now, loaded: bool = True, **more: Any) -> Iterator[Served]:
    """`folder` becomes a home with the users of `home` and a store of its own, with the reference case in it; `more` are settings."""
    folder.mkdir(exist_ok=True)
    shutil.copy(home / "users.json", folder)
    settings = Settings(home=folder, rate_capacity=1_000_000, **more)
    store = open_store(settings.store_address, create=True)
    case = reference_case.load(store) if loaded else reference_case.ReferenceCase("", "", {}, ())
    store.close()
    runtime = build(settings, clock=clock)
    with ServerThread(settings, runtime) as url:
        users = {role: next(user for user in runtime.users.all() if user.name == role.value) for role in Role}
        tokens = {role: begin_session(runtime, users[role], now=runtime.clock())[0] for role in Role}
        yield Served(url, runtime, case, io.StringIO(), tokens)
