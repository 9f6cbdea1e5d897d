#!/usr/bin/env python3
"""Draws picture.svg: what becomes of a link, from the mail to the event.

    python3 docs/picture.py            writes picture.svg beside this file
    python3 docs/picture.py --check    fails when picture.svg is not what it would write

What stands on a card brings its own background, and what stands between cards is grey, so the picture can be read
on a page of either colour, also where the page's colour is not the one that the system prefers.
"""

import pathlib
import sys
from html import escape

FILE = pathlib.Path(__file__).with_suffix(".svg")

CARD = 252
GAP = 94
MARGIN = 6
TOP, HEIGHT = 6, 142
BOTTOM = 218
WIDTH = 2 * MARGIN + 3 * CARD + 2 * GAP
TOTAL = BOTTOM + HEIGHT + 8

DESCRIPTION = """rewrite turns each link of a mail into a signed tracking URL and inserts an open pixel. The recipient
  clicks, the tracking host redirects, and verify turns the token into an event. One key signs and verifies."""
STYLE = """
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Helvetica, Arial, sans-serif }
    .code { font: 11px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
    .title { font-weight: 600; font-size: 14px }
    .pill { font-weight: 600; fill: #fff }
    .middle { text-anchor: middle }
    .card { fill: #f6f8fa; stroke: #8c959f }
    .made { fill: #0e6b54; font-weight: 600 }
    .text { fill: #24292f }
    .soft { fill: #57606a }
    .grey { fill: #7d8590 }
    .arrow { stroke: #7d8590; stroke-width: 2; fill: none }
    .key { stroke: #12866a; stroke-width: 1.5; stroke-dasharray: 4 4; fill: none }
    .seal { fill: #12866a }
    @media (prefers-color-scheme: dark) {
      .card { fill: #161b22; stroke: #57606a }
      .made { fill: #56d4a8 }
      .text { fill: #e6edf3 }
      .soft { fill: #9da7b1 }
    }
"""


def column(number):
    return MARGIN + number * (CARD + GAP)


def text(x, y, content, classes):
    """A line of text; what stands between two `~` is what linkseal made."""
    parts = [escape(part, quote=False) for part in content.split("~")]
    spans = "".join(f'<tspan class="made">{part}</tspan>' if at % 2 else part for at, part in enumerate(parts))
    return f'  <text xml:space="preserve" x="{x}" y="{y}" class="{classes}">{spans}</text>'


def card(x, y, title, subtitle, lines, classes="code text"):
    yield f'  <rect x="{x}" y="{y}" width="{CARD}" height="{HEIGHT}" rx="8" class="card"/>'
    yield text(x + 14, y + 26, title, "title text")
    yield text(x + 14, y + 45, subtitle, "soft")
    for number, line in enumerate(lines):
        yield text(x + 14, y + 72 + 18 * number, line, classes)


def arrow(*points):
    path = " L".join(f"{x} {y}" for x, y in points)
    return f'  <path d="M{path}" class="arrow" marker-end="url(#head)"/>'


def pill(x, y, name):
    yield f'  <rect x="{x - 33}" y="{y - 13}" width="66" height="26" rx="13" class="seal"/>'
    yield text(x, y + 4.5, name, "pill middle")


def picture():
    first, second, third = column(0), column(1), column(2)
    upper, lower = TOP + HEIGHT / 2, BOTTOM + HEIGHT / 2
    between = (TOP + HEIGHT + BOTTOM) / 2
    rewrite, verify = first + CARD + GAP / 2, second + CARD + GAP / 2

    yield f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TOTAL}" width="{WIDTH}" role="img">'
    yield "  <title>From a mail to an event</title>"
    yield f"  <desc>{DESCRIPTION}</desc>"
    yield f"  <style>{STYLE}  </style>"
    yield '  <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"'
    yield '      markerUnits="userSpaceOnUse"><path d="M0 0 L8 4 L0 8 z" class="grey"/></marker>'

    yield from card(
        first,
        TOP,
        "Mail",
        "as the author wrote it",
        ['<a href="https://shop.example/"', "   class=button>Shop</a>", "</body>"],
    )
    yield from card(
        second,
        TOP,
        "Tracked mail",
        "every other byte as it was",
        [
            '<a href="~https://link.example.com~',
            '   ~/c/EQEAB2N0~…" class=button>Shop',
            '</a>~<img src="https://link.examp~…',
            "</body>",
        ],
    )
    yield from card(
        third,
        TOP,
        "Recipient",
        "opens the mail, and clicks",
        ["GET ~/o/EgEAgPfE~…   the pixel", "GET ~/c/EQEAB2N0~…   the link"],
    )
    yield from card(
        third,
        BOTTOM,
        "Tracking host",
        "link.example.com, your server",
        ["302 Found", "Location: https://shop.example/", "", "404 for any other token"],
    )
    yield from card(
        second,
        BOTTOM,
        "Event",
        "only what was signed",
        ["kind         click", "destination  https://shop.example/", "message      msg-7f3a", "recipient    rcpt-42"],
    )
    yield from card(
        first,
        BOTTOM,
        "Signing key",
        "one for each sending domain",
        [
            "It signs and it verifies, so no",
            "database of links is needed.",
            "Rotates by id; what was signed",
            "before still verifies.",
        ],
        "text",
    )

    yield arrow((first + CARD + 4, upper), (second - 4, upper))
    yield arrow((second + CARD + 4, upper), (third - 4, upper))
    yield text(verify, upper - 10, "sent", "grey middle")
    yield arrow((third + CARD / 2, TOP + HEIGHT + 4), (third + CARD / 2, BOTTOM - 4))
    yield text(third + CARD / 2 + 12, between + 4, "comes back", "grey")
    yield arrow((third - 4, lower), (second + CARD + 4, lower))
    key = first + CARD / 2
    yield f'  <path d="M{key} {BOTTOM} V{between} H{rewrite} V{upper}" class="key"/>'
    yield f'  <path d="M{rewrite} {between} H{verify} V{lower}" class="key"/>'
    yield from pill(rewrite, upper, "rewrite")
    yield from pill(verify, lower, "verify")
    yield "</svg>"


if __name__ == "__main__":
    drawn = "\n".join(picture()) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(drawn, encoding="utf-8", newline="\n")
    elif FILE.read_text(encoding="utf-8") != drawn:
        sys.exit("docs/picture.svg is not what docs/picture.py draws: run it, and look at the picture")
