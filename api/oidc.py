"""Single sign-on by OpenID Connect: authorization code with PKCE, state and nonce, and an ID token verified by the provider's own keys.

The provider's configuration and keys are read anew for each log-in: people log in once a day, and a key that the provider has changed is never a problem.
State is all that is remembered between the two halves of a log-in; the nonce and the PKCE verifier are derived from it and the server's secret.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from api.logs import log
from api.oidc_errors import OidcRefused
from api.oidc_settings import OidcSettings
from api.users import NAME
from graph_model.errors import where
from graph_model.principal import Role

CALLBACK = "/auth/oidc/callback"
BOUND = "oidc:"  # begins what a session of ours from elsewhere is bound to
# Signatures by the provider's private key only: none that its public key or our client secret could make.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
KEY_TYPES = ("RSA", "EC", "OKP")
LEEWAY = 60  # seconds that the provider's clock may differ from ours
LONGEST_NAME = 32
TIMEOUT = httpx.Timeout(10.0, connect=5.0)


@dataclass(frozen=True, slots=True)
class Person:
    """Who the provider says it is, in our words."""

    name: str
    role: Role


class Provider:
    """One provider, as the settings name it."""

    def __init__(self, settings: OidcSettings, key: bytes) -> None:
        self._settings = settings
        self._key = key
        self._tls = httpx.create_ssl_context()  # once: reading the certificates takes 100 ms
        self._redirect = settings.api_public_url.rstrip("/") + CALLBACK

    @property
    def name(self) -> str:
        return self._settings.oidc_name or str(urlsplit(self._settings.oidc_issuer).hostname)

    @property
    def generation(self) -> str:
        """Sessions are bound to it: another provider, or other roles for its users, ends those that there are."""
        asked = self._settings
        parts = [asked.oidc_issuer, asked.oidc_client_id, asked.oidc_role_claim, asked.oidc_name_claim]
        parts += [f"{value}={role}" for value, role in asked.oidc_role_map.items()]
        return BOUND + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]

    def may_return_to(self, address: str) -> bool:
        return address in self._settings.oidc_return_to

    async def authorization_url(self, state: str) -> str:
        """Where the browser goes to log in. Raises OidcRefused oidc.provider."""
        async with self._http() as http:
            endpoint = (await self._configuration(http))["authorization_endpoint"]
        url: str = prepare_grant_uri(
            endpoint,
            client_id=self._settings.oidc_client_id,
            response_type="code",
            redirect_uri=self._redirect,
            scope=self._settings.oidc_scopes,
            state=state,
            nonce=self._derived("nonce", state),
            code_challenge=create_s256_code_challenge(self._derived("verifier", state)),
            code_challenge_method="S256",
        )
        return url

    async def person(self, code: str, state: str, *, now: datetime) -> Person:
        """Whom the provider's code stands for. Raises OidcRefused: oidc.provider, oidc.token, oidc.role, oidc.name."""
        async with self._http() as http:
            configuration = await self._configuration(http)
            answer = await self._exchange(http, configuration, code, state)
            keys = await self._get(http, configuration["jwks_uri"])
        claims = self._verified(answer, keys, self._derived("nonce", state), now)
        return Person(self._name(claims), self._role(claims))

    async def _configuration(self, http: httpx.AsyncClient) -> Mapping[str, Any]:
        issuer = self._settings.oidc_issuer
        found = await self._get(http, issuer.rstrip("/") + "/.well-known/openid-configuration")
        endpoints = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != issuer or not all(isinstance(found.get(name), str) for name in endpoints):
            raise OidcRefused("oidc.provider", "The provider's configuration is not that of GUANXI_OIDC_ISSUER.")
        return found

    async def _get(self, http: httpx.AsyncClient, url: str) -> Mapping[str, Any]:
        try:
            return _object((await http.get(url)).raise_for_status())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
            raise _unreachable(exc) from exc

    async def _exchange(
        self, http: httpx.AsyncClient, configuration: Mapping[str, Any], code: str, state: str
    ) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": self._derived("verifier", state),
        }
        client, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret.get_secret_value()
        methods = configuration.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        auth = httpx.Auth()  # none
        if not secret:
            form["client_id"] = client
        elif "client_secret_basic" in methods:
            auth = httpx.BasicAuth(quote(client, safe=""), quote(secret, safe=""))
        else:
            form |= {"client_id": client, "client_secret": secret}
        try:
            response = await http.post(configuration["token_endpoint"], data=form, auth=auth)
            if response.status_code in (400, 401, 403):
                raise OidcRefused("oidc.token", "The provider did not accept the log-in. Try again.")
            return _object(response.raise_for_status())
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
            raise _unreachable(exc) from exc

    def _verified(
        self, answer: Mapping[str, Any], keys: Mapping[str, Any], nonce: str, now: datetime
    ) -> Mapping[str, Any]:
        try:
            usable = [key for key in keys["keys"] if key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"]
            decoded = jwt.decode(
                str(answer["id_token"]),
                KeySet.import_key_set({"keys": usable}),
                registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False),
            )
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self._settings.oidc_issuer},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                    "sub": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={
                    "nonce": nonce,
                    "client_id": self._settings.oidc_client_id,
                    "access_token": answer.get("access_token"),
                },
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, KeyError, TypeError, ValueError, AttributeError) as exc:
            log.warning("oidc.token", **where(exc))
            raise OidcRefused("oidc.token", "The provider's ID token is not good. Try again.") from exc
        return dict(claims)

    def _role(self, claims: Mapping[str, Any]) -> Role:
        found: Any = claims.get(self._settings.oidc_role_claim)
        if found is None:
            found = claims
            for part in self._settings.oidc_role_claim.split("."):
                found = found.get(part) if isinstance(found, dict) else None
        held = [found] if isinstance(found, str) else found if isinstance(found, list) else []
        for value, role in self._settings.oidc_role_map.items():
            if value in held:
                return Role(role)
        raise OidcRefused("oidc.role", "The provider gives you no role here. Ask the operator.")

    def _name(self, claims: Mapping[str, Any]) -> str:
        """The claim in lower case where it is a user name. Otherwise what of it can be one, and a mark of the subject, so that no two
        people become one."""
        told = claims.get(self._settings.oidc_name_claim)
        if not isinstance(told, str) or not told.strip():
            raise OidcRefused("oidc.name", f"The provider doesn't tell your {self._settings.oidc_name_claim}.")
        name = told.strip().lower()
        if NAME.fullmatch(name):
            return name
        mark = hashlib.sha256(f"{self._settings.oidc_issuer}\n{claims['sub']}".encode()).hexdigest()[:8]
        kept = re.sub(r"[^a-z0-9_.-]+", "-", name).lstrip("0123456789_.-")[: LONGEST_NAME - 9].rstrip("-") or "user"
        return f"{kept}-{mark}"

    def _derived(self, use: str, state: str) -> str:
        """43 characters, as PKCE wants at least."""
        digest = hmac.digest(self._key, f"{use}:{state}".encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=self._tls, timeout=TIMEOUT, headers={"Accept": "application/json"})


def _object(response: httpx.Response) -> Mapping[str, Any]:
    found = response.json()
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found


def _unreachable(exc: Exception) -> OidcRefused:
    log.error("oidc.provider", **where(exc))
    return OidcRefused(
        "oidc.provider", "The sign-on provider does not answer as it should. Try again, or tell the operator."
    )
