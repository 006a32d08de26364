"""Settings of the UI process, read from the environment (prefix GUANXI_) once, at the start."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AnyHttpUrl, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the operator can set. The UI needs the address of the API and nothing else of the product."""

    model_config = SettingsConfigDict(env_prefix="GUANXI_", env_file=".env", frozen=True, extra="ignore")

    api_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    ui_host: str = "127.0.0.1"
    ui_port: int = Field(default=8050, ge=0, le=65535)
    # Days begin and end, and times are shown, in the lender's time zone; the API speaks UTC.
    ui_timezone: str = "Asia/Shanghai"
    # Set where a proxy ends TLS in front of the UI, so that the session cookie never travels in clear.
    ui_cookie_secure: bool = False
    # The address of that proxy: from it, and from nobody else, X-Forwarded-Proto is believed. Empty: from nobody.
    ui_trusted_proxy: str = ""
    # Where browsers reach the UI, for coming back from a single sign-on; empty means the address that they asked for.
    ui_public_url: str = ""
    api_timeout_seconds: float = Field(default=20.0, gt=0)

    @field_validator("ui_timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as exc:
            raise ValueError(f"{name!r} is no time zone. Use a name such as Asia/Shanghai.") from exc
        return name

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.ui_timezone)

    @property
    def api_base(self) -> str:
        return str(self.api_url).rstrip("/")
