"""Logs: events with fields, one line each, with the request's id. They hold opaque ids and codes; never names, phones, cards or ID numbers."""

import logging
import sys
from typing import TextIO

import structlog

log: structlog.stdlib.BoundLogger = structlog.get_logger("guanxi")


def configure(level: str = "info", *, json: bool = True, stream: TextIO | None = None) -> None:
    """Once, at an entry point."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        # A line is one write: those of several workers don't get into each other.
        logger_factory=structlog.WriteLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    # Libraries' own loggers repeat what failed with its values (SQL parameters, request lines), so only their warnings are kept.
    logging.basicConfig(
        level=logging.WARNING, stream=stream or sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
