"""Settings: everything that can differ between two installations, from `GUANXI_…` variables and an optional .env file. No secrets in defaults."""

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from api.oidc_settings import OidcSettings, is_safe

SHORTEST_KEY = 16
_FILE = "sqlite:///"
_RECEIVER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class Settings(OidcSettings):
    """Single sign-on has a module of its own. Read once, at the entry point, and passed on."""

    model_config = SettingsConfigDict(env_prefix="GUANXI_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path("var")  # users, secret and, by default, the graph
    store: str = ""  # address of the graph; empty means guanxi.db in the home folder
    models: Path | None = None  # the model folder; none means models in the home folder
    secret: SecretStr = SecretStr("")  # signs sessions; empty means a file in the home folder

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    ui_host: str = "127.0.0.1"
    ui_port: int = Field(default=8050, ge=0, le=65535)

    session_hours: float = Field(default=8.0, gt=0, le=24)
    workers: int = Field(default=1, ge=1, le=64)  # server processes on one port
    threads: int = Field(default=8, ge=1, le=64)  # operations that run at once, in each
    waiting: int = Field(default=64, ge=0)  # operations that may wait for a thread; more are refused
    max_body_bytes: int = Field(default=64 * 1024, ge=1024)
    max_tokens: int = Field(default=600, ge=50)
    max_depth: int = Field(default=10, ge=3)
    max_aliases: int = Field(default=15, ge=0)
    max_list: int = Field(default=4_000, ge=1)  # elements of any list that is sent
    max_cost: int = Field(default=200_000, ge=1)  # of one operation, in fields that it may answer
    rate_capacity: int = Field(default=600_000, ge=1)  # cost that a principal may spend at once
    rate_refill: int = Field(default=60_000, ge=1)  # and gets back per second; both per process
    operation_seconds: float = Field(default=20.0, gt=0)  # after which an operation is given up
    export_seconds: float = Field(default=300.0, gt=0)  # after which a file of people is given up
    ready_seconds: float = Field(default=5.0, gt=0)  # after which a store that doesn't answer counts as stuck
    stop_seconds: int = Field(default=20, ge=1)  # what is running when the server is stopped may take that long
    webhooks: Mapping[str, str] = {}  # JSON: the name of a receiver of audiences → its address; nothing goes elsewhere
    webhook_secret: SecretStr = SecretStr("")  # what is sent to them is signed with it
    score_fresh_hours: float = Field(default=48.0, gt=0)  # an older score is told as stale
    # For developers: clients ask what the schema is, and GET /graphql is a page to ask from.
    introspection: bool = False
    read_only: bool = False  # serve a graph that can't be written to: no mutations, and the audit goes to the log
    # Opens GET /metrics to who sends it as Bearer; the right see_metrics does too.
    metrics_token: SecretStr = SecretStr("")
    metrics_loopback: bool = False  # opens GET /metrics to this machine; not where a proxy runs on it
    otel_endpoint: str = ""  # where traces go by OTLP over HTTP; empty means nowhere
    compile_ahead: bool = True  # compile the scoring beside a server's start, where it isn't yet
    read_ahead: bool = True  # read the store's file at a server's start, where memory has room for it
    # Memory in which each server process may hold the graph for scoring single applications; 0 is none, and they are read from the store.
    live_graph_mb: int = Field(default=2_048, ge=0)
    log_level: str = "info"
    log_json: bool = True

    @model_validator(mode="after")
    def _one_operation_fits(self) -> "Settings":
        if self.max_cost > self.rate_capacity:
            raise ValueError(
                "GUANXI_MAX_COST is above GUANXI_RATE_CAPACITY, so the costliest operation could never run"
            )
        return self

    @model_validator(mode="after")
    def _receivers(self) -> "Settings":
        if len(self.webhooks) > 0 and len(self.webhook_secret.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"GUANXI_WEBHOOKS needs GUANXI_WEBHOOK_SECRET of at least {SHORTEST_KEY} characters")
        for name, address in self.webhooks.items():
            if _RECEIVER.fullmatch(name) is None:
                raise ValueError("GUANXI_WEBHOOKS names a receiver by something else than a-z, 0-9 and -")
            if not is_safe(address):
                raise ValueError(
                    f"GUANXI_WEBHOOKS: the address of {name} is no https address (http is for this machine only) without ? and #"
                )
        return self

    @property
    def store_address(self) -> str:
        return self.store or f"{_FILE}{self.home / 'guanxi.db'}"

    @property
    def store_file(self) -> Path | None:
        """The graph's file; a graph on a server has none."""
        return Path(self.store_address.removeprefix(_FILE)) if self.store_address.startswith(_FILE) else None

    @property
    def model_folder(self) -> Path:
        return self.models or self.home / "models"
