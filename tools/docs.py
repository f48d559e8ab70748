"""Makes the documentation into pages: every Markdown file of the project becomes HTML under site/, links and all.

    python -m tools.docs

CommonMark with tables, by markdown-it-py. The site mirrors the repository, README.md being its front page, so that one
link works in both. A relative link that leads nowhere stops the build.
"""

import html
import re
import shutil
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
FRONT = ROOT / "README.md"

MENU = {
    "Start": ("README.md", "docs/index.md", "docs/mission.md", "CHANGELOG.md"),
    "Guide": (
        "docs/guide/first-night.md",
        "docs/guide/node.md",
        "docs/guide/watch.md",
        "docs/guide/rescue.md",
        "docs/guide/exchange.md",
        "docs/guide/originator-control.md",
        "docs/guide/gateways.md",
        "docs/guide/figures.md",
    ),
    "Reference": (
        "docs/commands.md",
        "docs/settings.md",
        "docs/audit-events.md",
        "docs/glossary.md",
    ),
    "Protocol": (
        "docs/protocol/index.md",
        "docs/protocol/envelope.md",
        "docs/protocol/documents.md",
        "docs/protocol/receiving.md",
        "docs/protocol/originator.md",
        "docs/protocol/ledger.md",
    ),
    "Building it": (
        "docs/architecture.md",
        "docs/guide/adding-to-a-room.md",
        "docs/adr/index.md",
        "CONTRIBUTING.md",
        "THREAT_MODEL.md",
    ),
}
"""The menu. Pages below a folder's index are reached from that index."""

STYLE = (Path(__file__).parent / "docs.css").read_text(encoding="utf-8")

markdown = MarkdownIt("commonmark").enable("table")


def pages() -> list[Path]:
    """Every Markdown file that becomes a page."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links and pictures, as written."""
    for block in markdown.parse(page.read_text(encoding="utf-8")):
        for token in block.children or ():
            target = token.attrGet("href") or token.attrGet("src")
            if target:
                yield str(target)


def anchors(page: Path) -> set[str]:
    """The names of a page's headings."""
    return {_anchor(tokens[1]) for tokens in _headings(markdown.parse(page.read_text(encoding="utf-8")))}


def broken(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    return [target for target in links(page) if not _leads(page, target)]


def build(site: Path = SITE) -> int:
    """Make the site anew; answers how many pages it has."""
    shutil.rmtree(site, ignore_errors=True)
    every = pages()
    for page in every:
        for target in links(page):
            _copy(page, target, site)
        out = site / _address(page)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(_render(page), encoding="utf-8")
    return len(every)


def _address(page: Path) -> Path:
    if page == FRONT:
        return Path("index.html")
    return page.relative_to(ROOT).with_suffix(".html")


def _is_relative(target: str) -> bool:
    return not re.match(r"[a-z]+:|#", target)


def _leads(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    if not _is_relative(target) and path:
        return True
    there = (page.parent / unquote(path)).resolve() if path else page
    if not there.is_file() or not there.is_relative_to(ROOT):
        return False
    return not anchor or (there.suffix == ".md" and anchor in anchors(there))


def _copy(page: Path, target: str, site: Path) -> None:
    path = unquote(target.partition("#")[0])
    if not path or not _is_relative(target) or path.endswith(".md"):
        return
    source = (page.parent / path).resolve()
    out = site / source.relative_to(ROOT)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, out)


def _headings(tokens: list[Token]) -> Iterator[tuple[Token, Token]]:
    for opening, content in pairwise(tokens):
        if opening.type == "heading_open":
            yield opening, content


def _anchor(heading: Token) -> str:
    words = "".join(part.content for part in heading.children or ())
    return re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")


def _rewrite(page: Path, token: Token) -> None:
    target = token.attrGet("href")
    if isinstance(target, str) and _is_relative(target):
        path, mark, anchor = target.partition("#")
        if path.endswith(".md"):
            there = _address((page.parent / unquote(path)).resolve())
            path = _between(_address(page), there)
        token.attrSet("href", path + mark + anchor)


def _between(here: Path, there: Path) -> str:
    return "../" * (len(here.parts) - 1) + there.as_posix()


def _render(page: Path) -> str:
    tokens = markdown.parse(page.read_text(encoding="utf-8"))
    for opening, content in _headings(tokens):
        opening.attrSet("id", _anchor(content))
    for token in tokens:
        if token.type in ("td_open", "th_open"):
            token.attrSet("dir", "auto")
        for child in token.children or ():
            _rewrite(page, child)
    body = markdown.renderer.render(tokens, markdown.options, {})
    body = body.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title(page))}</title><style>{STYLE}</style></head>\n"
        f"<body><nav>{_menu(page)}</nav>\n<main>{body}</main></body></html>\n"
    )


def title(page: Path) -> str:
    """The first heading of a page."""
    for _, content in _headings(markdown.parse(page.read_text(encoding="utf-8"))):
        return content.content
    return page.stem


def _menu(page: Path) -> str:
    here = _address(page)
    parts = []
    for section, names in MENU.items():
        parts.append(f"<p>{html.escape(section)}</p>")
        for name in names:
            mark = ' aria-current="page"' if ROOT / name == page else ""
            there = _between(here, _address(ROOT / name))
            parts.append(f'<a href="{there}"{mark}>{html.escape(title(ROOT / name))}</a>')
    return "".join(parts)


def main() -> int:
    """Build the site, or say which links lead nowhere."""
    wrong = [f"{page.relative_to(ROOT)}: {target}" for page in pages() for target in broken(page)]
    for line in wrong:
        print(f"a link leads nowhere: {line}", file=sys.stderr)
    if wrong:
        return 1
    print(f"{build()} pages: {SITE.relative_to(ROOT)}/index.html", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
