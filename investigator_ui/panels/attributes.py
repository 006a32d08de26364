"""HTML attributes that Python can't spell: aria-… and data-…, written with underscores."""

from typing import Any


def attrs(**named: str) -> dict[str, Any]:
    """`attrs(aria_label="…", data_open="7")` as Dash's HTML components take it: `**{"aria-label": …, "data-open": …}`."""
    return {name.replace("_", "-"): value for name, value in named.items()}
