"""Every link of the documentation leads somewhere: to a tracked file, and to a heading that is there."""

import re
from pathlib import Path

from tests.tooling.repository import ROOT, tracked_files

LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
IMAGE_SOURCE = re.compile(r'<img[^>]*\ssrc="([^"]+)"')
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
OUTSIDE = re.compile(r"[a-z]+://|mailto:")


def targets(page: Path) -> list[str]:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return [t for t in (*LINK.findall(text), *IMAGE_SOURCE.findall(text)) if OUTSIDE.match(t) is None]


def anchors(page: Path) -> set[str]:
    """Headings as the usual renderers name them: lower case, punctuation dropped, spaces as hyphens."""
    headings = re.findall(r"^#{1,6} (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, tracked: set[Path]) -> list[str]:
    found = []
    for target in targets(page):
        path, _, anchor = target.partition("#")
        there = page if path == "" else (page.parent / path).resolve()
        is_folder = there.is_dir() and any(file.is_relative_to(there) for file in tracked)
        headless = anchor != "" and (there.suffix != ".md" or anchor not in anchors(there))
        if not (there in tracked or is_folder) or headless:
            found.append(target)
    return found


def test_every_link_leads_somewhere() -> None:
    tracked = set(tracked_files())
    pages = [path for path in tracked if path.suffix == ".md"]
    assert ROOT / "README.md" in pages
    assert {str(page.relative_to(ROOT)): lost for page in pages if (lost := broken(page, tracked))} == {}


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One thing\n[here](#one-thing) [gone](#other) [lost](nowhere.md) [web](https://example.org)\n")
    assert targets(page) == ["#one-thing", "#other", "nowhere.md"]
    assert broken(page, {page}) == ["#other", "nowhere.md"]
