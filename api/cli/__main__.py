"""`python -m api.cli`: the same as `guanxi`, for processes that start each other."""

from api.cli import main

main()
