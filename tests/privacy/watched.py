"""Runs a module as `python -m` would, looked at by the recorder of the test run: `python -m tests.privacy.watched MODULE …`."""

import os
import runpy
import sys
from pathlib import Path

from tests.privacy.hooks import install
from tests.privacy.recorder import FOLDER, Recorder

if __name__ == "__main__":
    if FOLDER in os.environ:
        install(Recorder(Path(os.environ[FOLDER])))
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
