"""Pages as HTML: what a component shows is drawn by its shape; every text is escaped, and nothing needs a script."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TypeGuard, cast

from ...component import Link, Page, Question, Shown

STYLE = """\
:root { color-scheme: light dark; --text: #1d2126; --faint: #667; --line: #d8dce3; --back: #fff; --strip: #f4f6f9;
  --link: #0b57c2; }
@media (prefers-color-scheme: dark) { :root { --text: #e4e7ec; --faint: #98a1b0; --line: #39404c; --back: #14171c;
  --strip: #1d2229; --link: #82b4ff; } }
body { margin: 0 auto; max-width: 76rem; padding: 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--text);
  background: var(--back); }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: 1rem; border-bottom: 1px solid var(--line); padding-bottom: .5rem; }
nav a[aria-current] { color: inherit; font-weight: 600; text-decoration: none; }
h1 { font-size: 1.4rem; margin: 1rem 0 0; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
p, .none { color: var(--faint); }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0; }
label { display: grid; font-size: .85rem; color: var(--faint); }
input, select, button { font: inherit; padding: .2rem .4rem; }
div.wide { overflow-x: auto; }
table { border-collapse: collapse; overflow-wrap: normal; margin: .25rem 0 1rem; }
th, td { text-align: left; padding: .2rem .8rem .2rem .4rem; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { background: var(--strip); font-weight: 600; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: .25rem 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ul { margin: 0; padding-left: 1.1rem; }
"""
_REFRESH_S = 5


def html_index(pages: Sequence[Page]) -> str:
    """A list of all pages."""
    entries = "".join(
        f'<dt><a href="/debug/{page.name}">{page.name}</a></dt><dd>{_e(page.about)}</dd>' for page in pages
    )
    return _document("zpages", "", f"<h1>Otelier</h1><dl>{entries}</dl>")


def html_page(page: Page, pages: Sequence[Page], question: Question, sections: Mapping[str, Shown]) -> str:
    """One page with what stands under each heading."""
    links = "".join(
        f'<a href="/debug/{each.name}"{" aria-current=page" if each.name == page.name else ""}>{each.name}</a>'
        for each in pages
    )
    body = "".join(f"<section><h2>{_e(heading)}</h2>{_drawn(shown)}</section>" for heading, shown in sections.items())
    head = f"<h1>{page.name}</h1><p>{_e(page.about)}</p>{_form(page, question) if page.asks else ''}"
    refresh = f'<meta http-equiv="refresh" content="{_REFRESH_S}">' if page.live else ""
    return _document(page.name, refresh, f"<nav>{links}</nav>{head}{body}")


def _document(title: str, more: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title} · Otelier</title><link rel="stylesheet" href="/debug/zpages.css">{more}</head>'
        f"<body>{body}</body></html>"
    )


def _form(page: Page, question: Question) -> str:
    def control(name: str, choices: tuple[str, ...]) -> str:
        given = question.get(name, "")
        if not choices:
            return f'<input name="{name}" value="{_e(given)}" autocomplete="off">'
        options = "".join(f"<option{' selected' if each == given else ''}>{each}</option>" for each in ("", *choices))
        return f'<select name="{name}">{options}</select>'

    labels = "".join(f"<label>{name} {control(name, choices)}</label>" for name, choices in page.asks.items())
    return f'<form method="get">{labels}<button>show</button></form>'


def _drawn(shown: Shown) -> str:
    if isinstance(shown, Mapping):
        return _definitions(shown) if shown else _NONE
    if _is_list(shown):
        if not shown:
            return _NONE
        rows = [row for row in shown if isinstance(row, Mapping)]
        return _table(rows) if len(rows) == len(shown) else _listed(shown)
    return _scalar(shown)


_NONE = '<span class="none">none</span>'


def _is_list(shown: Shown) -> TypeGuard[Sequence[Shown]]:
    return isinstance(shown, list | tuple)


def _definitions(shown: Mapping[str, Shown]) -> str:
    return "<dl>" + "".join(f"<dt>{_e(key)}</dt><dd>{_drawn(value)}</dd>" for key, value in shown.items()) + "</dl>"


def _table(rows: Sequence[Mapping[str, Shown]]) -> str:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    head = "".join(f"<th>{_e(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(_cells(row, columns)) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cells(row: Mapping[str, Shown], columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        value = row.get(column)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield f'<td class="number">{value:,}</td>'
        elif isinstance(value, Mapping):
            pairs = cast("Mapping[str, Shown]", value).items()
            yield "<td>" + ", ".join(f"{_e(key)}: {_drawn(each)}" for key, each in pairs) + "</td>"
        elif _is_list(value):
            yield "<td>" + ", ".join(_drawn(each) for each in value) + "</td>"
        else:
            yield f"<td>{'' if value is None else _scalar(value)}</td>"


def _listed(shown: Sequence[Shown]) -> str:
    return "<ul>" + "".join(f"<li>{_drawn(each)}</li>" for each in shown) + "</ul>"


def _scalar(shown: Shown) -> str:
    if isinstance(shown, Link):
        return f'<a href="{_e(shown.target)}">{_e(shown)}</a>'
    if isinstance(shown, bool):
        return "yes" if shown else "no"
    return _NONE if shown is None else _e(str(shown))


def _e(text: str) -> str:
    return escape(text, quote=True)
