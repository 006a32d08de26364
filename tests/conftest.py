"""For every test: the run is searched for personal data in clear (tests/privacy)."""

import os

# A second of compiling beside every server that a test starts would be most of the run.
os.environ.setdefault("GUANXI_COMPILE_AHEAD", "false")

pytest_plugins = ["tests.privacy.plugin"]
