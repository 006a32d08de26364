"""Settings: everything that can differ between two installations, from `GUANXI_…` variables and an optional .env file. No secrets in defaults."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once, at the entry point, and passed on."""

    model_config = SettingsConfigDict(env_prefix="GUANXI_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Path("var")  # users, secret and, by default, the graph
    store: str = ""  # address of the graph; empty means guanxi.db in the home folder
    secret: SecretStr = SecretStr("")  # signs sessions; empty means a file in the home folder

    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    ui_host: str = "127.0.0.1"
    ui_port: int = Field(default=8050, ge=0, le=65535)

    session_hours: float = Field(default=8.0, gt=0, le=24)
    threads: int = Field(default=8, ge=1, le=64)  # operations that run at once
    waiting: int = Field(default=64, ge=0)  # operations that may wait for a thread; more are refused
    max_body_bytes: int = Field(default=64 * 1024, ge=1024)
    max_tokens: int = Field(default=600, ge=50)
    max_depth: int = Field(default=10, ge=3)
    max_aliases: int = Field(default=15, ge=0)
    score_fresh_hours: float = Field(default=48.0, gt=0)  # an older score is told as stale
    introspection: bool = False  # for developers: clients ask what the schema is
    log_level: str = "info"
    log_json: bool = True

    @property
    def store_address(self) -> str:
        return self.store or f"sqlite:///{self.home / 'guanxi.db'}"
