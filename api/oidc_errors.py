"""Why a single sign-on did not end in a session; the code says which step."""

from graph_model.errors import GuanxiError


class OidcRefused(GuanxiError):
    code = "oidc.token"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)
