"""What callbacks work with: the API as the current user, the schema (kept for a while, it is the same for all), the time zone."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from zoneinfo import ZoneInfo

import httpx

from investigator_ui import session
from investigator_ui.client import Api, UserApi
from investigator_ui.graph_schema import GraphSchema
from investigator_ui.marketing.page import Download

SCHEMA_SECONDS = 300.0


class Services:
    def __init__(self, api: Api, *, zone: ZoneInfo, clock: Callable[[], float] = time.monotonic) -> None:
        self.zone = zone
        self._api = api
        self._clock = clock
        self._lock = threading.Lock()
        self._schema: tuple[float, GraphSchema] | None = None

    def user(self) -> UserApi:
        """The API as the user of the request at hand."""
        return self._api.as_user(session.token())

    def file(self, wanted: Download) -> AbstractContextManager[httpx.Response]:
        """A file of the API, for the user of the request at hand."""
        return self._api.file(wanted.method, wanted.path, params=wanted.params, body=wanted.body, token=session.token())

    def schema(self) -> GraphSchema:
        with self._lock:
            kept = self._schema
        if kept is not None and self._clock() - kept[0] < SCHEMA_SECONDS:
            return kept[1]
        schema = self.user().schema()
        with self._lock:
            self._schema = (self._clock(), schema)
        return schema
