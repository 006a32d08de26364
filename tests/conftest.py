"""For every test: the run is searched for personal data in clear (tests/privacy)."""

pytest_plugins = ["tests.privacy.plugin"]
