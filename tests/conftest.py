"""For every test: the run is searched for personal data in clear (tests/privacy)."""

import os

from hypothesis import settings

# How long an example takes depends on what else the machine does.
settings.register_profile("guanxi", deadline=None)
settings.load_profile("guanxi")

# A second of compiling beside every server that a test starts would be most of the run, and tests count the processes that a server starts.
os.environ.setdefault("GUANXI_COMPILE_AHEAD", "false")
os.environ.setdefault("GUANXI_READ_AHEAD", "false")

pytest_plugins = ["tests.privacy.plugin"]
