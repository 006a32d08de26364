"""What can go wrong between the screen and the API. `code` chooses the words: texts.py has `error.<code>` in both languages."""


class UiError(Exception):
    """An expected failure. `code` is stable; `detail` is the API's own message, shown only for codes we have no words for."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class SessionExpired(UiError):
    """No token, or the API no longer accepts it."""

    def __init__(self) -> None:
        super().__init__("session_expired")


class ApiDown(UiError):
    """The API did not answer, or answered with something that is no answer."""

    def __init__(self, code: str = "api_down", detail: str = "") -> None:
        super().__init__(code, detail)


class Refused(UiError):
    """The API answered with a coded error: unknown, malformed, too short, forbidden …"""
