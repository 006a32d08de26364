"""Settings of single sign-on (OpenID Connect), part of `Settings`. Empty GUANXI_OIDC_ISSUER: there is none, and nothing else of this is looked at."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from graph_model.principal import Role

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OidcSettings(BaseSettings):
    """Which provider is trusted, for whom, and where its users come from and go to."""

    model_config = SettingsConfigDict(env_prefix="GUANXI_", env_file=".env", extra="ignore", frozen=True)

    oidc_issuer: str = (
        ""  # as the provider names itself; its configuration is read at /.well-known/openid-configuration
    )
    oidc_name: str = ""  # what the log-in page calls it; empty means the issuer's host
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")  # empty for a public client
    oidc_scopes: str = "openid profile"
    oidc_name_claim: str = "preferred_username"  # one that the provider keeps unique and users can't edit
    oidc_role_claim: str = "roles"  # a claim of the ID token, or a path to one: realm_access.roles
    oidc_role_map: Mapping[str, str] = {}  # JSON: a value of that claim → a role; the first that a user has is taken
    oidc_return_to: tuple[str, ...] = ()  # JSON: addresses of the UI that a log-in may end at, each whole
    api_public_url: str = (
        ""  # where browsers reach this API; /auth/oidc/callback below it is registered at the provider
    )

    @model_validator(mode="after")
    def _whole(self) -> "OidcSettings":
        if not self.oidc_issuer:
            return self
        needed = {
            "GUANXI_OIDC_CLIENT_ID": self.oidc_client_id,
            "GUANXI_OIDC_ROLE_MAP": self.oidc_role_map,
            "GUANXI_OIDC_RETURN_TO": self.oidc_return_to,
            "GUANXI_API_PUBLIC_URL": self.api_public_url,
        }
        missing = [name for name, value in needed.items() if len(value) == 0]
        if len(missing) > 0:
            raise ValueError(f"GUANXI_OIDC_ISSUER needs {', '.join(missing)} too")
        unknown = sorted(set(self.oidc_role_map.values()) - set(Role))
        if len(unknown) > 0:
            raise ValueError(f"GUANXI_OIDC_ROLE_MAP names no role of ours: {', '.join(unknown)}")
        for address in (self.oidc_issuer, self.api_public_url, *self.oidc_return_to):
            if not is_safe(address):
                raise ValueError(f"{address} is no https address (http is for this machine only) without ? and #")
        return self


def is_safe(address: str) -> bool:
    """Whether an address is https, or of this machine, and nothing but scheme, host and path."""
    parts = urlsplit(address)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return secure and bool(parts.hostname) and not parts.query and not parts.fragment and "@" not in parts.netloc
