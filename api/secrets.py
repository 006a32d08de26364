"""The server's secret: from the settings, or made once and kept in a file that only its owner reads. Keys for each use are derived from it."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from graph_model.errors import GuanxiError

FILE_NAME = "secret"
LEAST_BYTES = 16


class HomeUnusable(GuanxiError):
    """The home folder can't be made or written to."""

    code = "home.unusable"


def ensure_home(home: Path) -> Path:
    """The folder, made for its owner only where it was missing."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise HomeUnusable(
            f"The folder {home} can't be made: {exc.strerror}. Name one that can: --home, or GUANXI_HOME."
        ) from exc
    return home


def server_secret(home: Path, configured: str) -> bytes:
    """Raises HomeUnusable where the file can't be kept, or a configured secret is too short to be one."""
    if configured:
        if len(configured.encode()) < LEAST_BYTES:
            raise HomeUnusable(f"GUANXI_SECRET is shorter than {LEAST_BYTES} bytes. Make one: openssl rand -hex 32")
        return configured.encode()
    path = ensure_home(home) / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as exc:
        raise HomeUnusable(
            f"The secret in {path} can't be read. Mend its permissions, or put the file back from a backup: "
            "with another secret every API key is worthless, and the audit chain's signed head has to be sealed anew."
        ) from exc


def derived(secret: bytes, use: str) -> bytes:
    """A key for one use; knowing it gives away neither the secret nor another key."""
    return hmac.new(secret, use.encode(), hashlib.sha256).digest()


def _create(path: Path) -> None:
    """Two processes that start together agree on one secret: the first link wins."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(32).encode())
    finally:
        os.close(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
