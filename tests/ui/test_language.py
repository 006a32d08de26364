"""Chinese and English: every text of the page in the chosen language, Chinese characters as real glyphs, expansions kept."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.browsing import Investigator, investigating
from tests.ui.conftest import ReferenceProduct

pytestmark = pytest.mark.browser

HAN = re.compile(r"[\u4e00-\u9fff]")
# What is the same in both languages: data, the product's name, the names of the languages themselves.
DATA = ".value, .row-name, h1, .inspector-head h2, .brand-zh, [data-language=zh], .hover-card, .application-line, .option-caption, option"


def visible_texts(who: Investigator) -> list[str]:
    """Texts, labels, titles and placeholders of the page, without what is data."""
    return who.page.evaluate(
        """skip => {
          const texts = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT);
          for (let at = walker.nextNode(); at; at = walker.nextNode()) {
            if (at.closest(skip) || at.closest("footer, script, style, canvas")) continue;
            for (const name of ["title", "aria-label", "placeholder", "alt"])
              if (at.getAttribute(name)) texts.push(at.getAttribute(name));
            for (const child of at.childNodes)
              if (child.nodeType === 3 && child.textContent.trim()) texts.push(child.textContent.trim());
          }
          return texts;
        }""",
        DATA,
    )


def crawl(who: Investigator, reference: ReferenceProduct) -> list[str]:
    texts = visible_texts(who)
    who.open(reference.subject, nodes=73)
    who.overview()
    who.page.keyboard.press("t")
    texts += visible_texts(who)
    who.page.mouse.click(*who.spot(reference.ids["d_user"]))
    expect(who.page.locator("#inspector .facts").first).to_be_visible()
    texts += visible_texts(who)
    who.page.click("#export-menu summary")
    who.page.keyboard.press("e")
    expect(who.page.locator(".toast")).to_be_visible()
    return texts + visible_texts(who)


def test_the_english_page_has_no_chinese_text(browser: Browser, reference: ReferenceProduct, token: str) -> None:
    with investigating(browser, reference.url, locale="en-GB") as who:
        who.have_session(token)
        who.home()
        expect(who.page.locator("html")).to_have_attribute("lang", "en")
        texts = crawl(who, reference)
    assert len(texts) > 300
    captions = {"中国移动", "cash loan"}
    assert [text for text in texts if HAN.search(text) and not (captions & {text}) and "**" not in text] == []


def test_the_chinese_page_has_no_english_text(browser: Browser, reference: ReferenceProduct, token: str) -> None:
    with investigating(browser, reference.url) as who:
        who.have_session(token)
        who.home()
        texts = crawl(who, reference)
    allowed = re.compile(
        r"Guanxi|EN|English: switch to English|investigator|reference[ -]case|CSV|PNG|Ctrl|Shift|Esc|app|cash loan|APP-REF-\d+"
    )
    left = [text for text in texts if re.search(r"[A-Za-z]{2,}", allowed.sub("", text)) and "*" not in text]
    assert left == []


def test_switching_keeps_the_canvas_and_its_expansions(investigator: Investigator, reference: ReferenceProduct) -> None:
    investigator.open(reference.ids["phone18"], nodes=4)
    investigator.double_click(reference.ids["subject"])
    investigator.wait_for_graph(29)
    places = investigator.positions()
    investigator.page.click("[data-language=en]")
    expect(investigator.page.locator("#section-overview h2")).to_have_text("Investigation overview")
    expect(investigator.page.locator("#full-switch")).to_have_text("Show full graph")
    assert investigator.positions() == places
    expect(investigator.page.locator("#overview tfoot td")).to_have_text("29")
    assert "lang=en" in investigator.page.url and "expanded=" in investigator.page.url
    investigator.page.click("[data-language=zh]")
    expect(investigator.page.locator("#section-overview h2")).to_have_text("调查概述")


def test_the_log_in_page_speaks_the_language_of_the_browser(browser: Browser, reference: ReferenceProduct) -> None:
    for locale, words in (("zh-CN", "登录"), ("en-US", "Log in")):
        with investigating(browser, reference.url, locale=locale) as who:
            who.page.goto(who.url)
            expect(who.page.locator("button[type=submit]")).to_have_text(words)


def test_chinese_characters_are_drawn_as_glyphs(investigator: Investigator, reference: ReferenceProduct) -> None:
    """Without a Chinese font all characters are the same box. 身份证 must differ from each other and from a missing glyph."""
    investigator.home()
    drawn = investigator.page.evaluate(
        """() => {
          const font = getComputedStyle(document.body).fontFamily;
          const picture = character => {
            const canvas = Object.assign(document.createElement("canvas"), { width: 48, height: 48 });
            const pen = canvas.getContext("2d");
            pen.font = `32px ${font}`;
            pen.fillText(character, 4, 36);
            return pen.getImageData(0, 0, 48, 48).data.join();
          };
          return ["身", "份", "证", "\\u{10FFFE}"].map(picture);
        }"""
    )
    assert len(set(drawn)) == 4
