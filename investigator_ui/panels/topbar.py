"""The bar at the top: the way home, the search box, the as-of day, language, shortcuts, the user and the way out."""

from dash import html
from dash.development.base_component import Component

from investigator_ui.address import LANGUAGES, Language
from investigator_ui.contract import Me
from investigator_ui.marketing import pages
from investigator_ui.panels.attributes import attrs
from investigator_ui.panels.parts import icon, icon_button
from investigator_ui.texts import TEXTS, text


def topbar(lang: Language, me: Me | None) -> list[Component]:
    return [
        html.A(text("nav.skip", lang), href="#stage", className="skip-link"),
        html.Button(
            [icon("logo", "brand-mark"), html.Span("关系", className="brand-zh"), html.Span("Guanxi", className="brand-en")],
            id="home-link",
            type="button",
            className="brand",
            **attrs(aria_label=text("nav.home", lang)),
        ),
        *([] if me is not None and "see_graph" not in me.rights else [_omnibox(lang)]),
        *_pages(lang, me),
        html.Div([_as_of(lang), _languages(lang), icon_button("help-button", "keyboard", text("keys.title", lang)), *_user(lang, me)],
                 className="topbar-end"),
    ]  # fmt: skip


def _omnibox(lang: Language) -> html.Div:
    """assets/50-omnibox.js puts the field in: what is typed stays out of Dash's properties, and it is an ARIA combobox."""
    return html.Div(
        [
            icon("search", "omnibox-icon"),
            html.Label(text("search.label", lang), htmlFor="search", className="visually-hidden"),
            html.Span(id="search-slot", **attrs(data_placeholder=text("search.placeholder", lang))),
            html.Kbd("/", className="omnibox-key", title=text("search.key", lang)),
            html.Div(
                [html.Div(id="suggestion-hits"), html.Div(id="suggestion-problem", hidden=True)],
                id="suggestions",
                className="suggestions",
                hidden=True,
            ),
        ],
        className="omnibox",
        role="search",
    )


def _pages(lang: Language, me: Me | None) -> list[Component]:
    """The list pages and the marketer's, for those who may read them. Beside a search box the marketer's are in a menu."""
    if me is None:
        return []
    lists = [("rings", "community"), ("blocklist", "lock")] if {"see_graph", "see_risk"} <= set(me.rights) else []
    links: list[Component] = [
        _page_link(f"/{name}", picture, text(f"{name}.title", lang)) for name, picture in lists
    ]  # fmt: skip
    marketing = [_page_link(page.home, page.picture, text(f"pages.{page.name}", lang)) for page in pages.in_bar(me)]
    if marketing and "see_graph" in me.rights:
        summary = html.Summary([icon("tag"), text("pages.menu", lang)], className="page-link")
        links.append(html.Details([summary, html.Div(marketing, className="menu")], className="menu-button pages-menu"))
    else:
        links += marketing
    return [html.Nav(links, className="pages-nav", **attrs(aria_label=text("nav.pages", lang)))] if links else []


def _page_link(path: str, picture: str, label: str) -> html.A:
    return html.A([icon(picture), label], href=path, className="page-link", **attrs(data_page=path))


def _as_of(lang: Language) -> html.Div:
    return html.Div(
        [
            html.Label(
                [icon("calendar"), html.Span(text("asof.label", lang))], htmlFor="as-of", className="as-of-label"
            ),
            html.Span(text("asof.none", lang), className="as-of-none", **attrs(aria_hidden="true")),
            html.Span(id="as-of-slot"),  # for the browser's own date field, which Dash lacks (assets/50-omnibox.js)
            icon_button("as-of-clear", "close", text("asof.now", lang), hidden=True),
        ],
        className="as-of",
    )


def _languages(lang: Language) -> html.Div:
    return html.Div(
        [
            html.Button(
                text(f"language.{code}", lang),
                type="button",
                lang="zh-CN" if code == "zh" else "en",
                className="segment",
                **attrs(aria_pressed="true" if code == lang else "false", data_language=code,
                   aria_label=text(f"language.to_{code}", lang)),
            )
            for code in LANGUAGES
        ],
        className="segments",
        role="group",
        **attrs(aria_label=text("language.name", lang)),
    )  # fmt: skip


def _user(lang: Language, me: Me | None) -> list[Component]:
    if me is None:
        return []
    role = text(f"role.{me.role.lower()}", lang) if f"role.{me.role.lower()}" in TEXTS else me.role
    return [
        html.Div(
            [html.Span(me.name, className="user-name"), html.Span(role, className="user-role")],
            className="user",
            title=text("user.menu", lang),
        ),
        html.Form(
            html.Button(
                icon("logout"),
                type="submit",
                id="log-out",
                className="icon-button",
                title=text("user.log_out", lang),
                **attrs(aria_label=text("user.log_out", lang)),
            ),
            action="/logout",
            method="post",
        ),
    ]
