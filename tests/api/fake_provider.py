"""An OpenID Connect provider over real HTTP, with keys of its own. It logs in whoever it is told to, and can be told to answer wrongly."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "guanxi"
CLIENT_SECRET = "only the provider knows: 100%"


@dataclass
class FakeProvider:
    """What it says of the next person can be changed while it runs."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"preferred_username": "ida", "roles": ["fraud-desk"]})
    changed: dict[str, Any] = field(default_factory=dict)  # claims of the ID token that are not as they should be
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    signing_key: RSAKey | None = None  # another than the published one
    algorithm: str = "RS256"
    published_issuer: str | None = None
    broken: bool = False
    denied: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        self.asked.append(query)
        assert query["client_id"] == CLIENT_ID and query["response_type"] == "code"
        if self.denied:
            return f"{query['redirect_uri']}?{urlencode({'error': 'access_denied', 'state': query['state']})}"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state'], 'iss': self.url})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        begun = self.codes.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        client = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        good = begun is not None and begun["code_challenge"] == challenge and begun["code_challenge_method"] == "S256"
        good = good and form["redirect_uri"] == begun["redirect_uri"]  # type: ignore[index]  # good says so
        if (
            not good
            or client
            != f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '%20').replace(':', '%3A').replace('100%', '100%25')}"
        ):
            return 400, {"error": "invalid_grant"}
        assert begun is not None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "7f3a",
            "iat": now,
            "exp": now + 300,
            "nonce": begun["nonce"],
        }
        claims = {name: value for name, value in (claims | self.claims | self.changed).items() if value is not None}
        token = jwt.encode(
            {"alg": self.algorithm, "kid": "k1"}, claims, self.signing_key or self.key, algorithms=["RS256", "RS512"]
        )
        return 200, {"access_token": "opaque", "token_type": "Bearer", "id_token": token}

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.published_issuer or self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False), {"kty": "unheard-of", "kid": "k0"}]}


@contextmanager
def providing() -> Iterator[FakeProvider]:
    provider = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if provider.broken:
                self._answer(500, {"error": "down"})
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif parts.path == "/jwks":
                self._answer(200, provider.keys())
            else:
                assert parts.path == "/.well-known/openid-configuration"
                self._answer(200, provider.configuration())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            sent = {name: values[0] for name, values in form.items()}
            self._answer(*provider.token(sent, self.headers.get("Authorization", "")))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
