"""Horizontal bars in panels, written as SVG by hand: no library is worth one plot."""

from html import escape

COLUMNS, PANEL, LABEL, BAR, GAP, HEAD, MARGIN = 2, 440, 84, 14, 4, 30, 20
VALUE = 60
FIRST, SECOND, OTHER = "#b7410e", "#3b6ea5", "#a9b0b7"
Panels = dict[str, dict[str, int]]


def draw(panels: Panels, title: str, below: str, colored: tuple[str, str]) -> str:
    """Return an SVG document with a panel per entry of `panels` and a bar per entry of that.

    Each panel has a scale of its own. The bars named in `colored` stand out.
    """
    rows = [list(panels.items())[start : start + COLUMNS] for start in range(0, len(panels), COLUMNS)]
    colors: dict[str, str] = dict(zip(colored, (FIRST, SECOND), strict=True))
    body, top = [], 56
    for row in rows:
        for column, (name, bars) in enumerate(row):
            body += _panel(name, bars, MARGIN + column * (PANEL + MARGIN), top, colors)
        top += HEAD + max(len(bars) for _, bars in row) * (BAR + GAP) + MARGIN
    width, height = MARGIN + COLUMNS * (PANEL + MARGIN), top + 20
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
            f' width="{width}" height="{height}"'
            ' font-family="sans-serif" font-size="11">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            _text(MARGIN, 30, title, "#222", size=17),
            *body,
            _text(MARGIN, height - 10, below, "#666"),
            "</svg>\n",
        ]
    )


def _panel(name: str, bars: dict[str, int], left: int, top: int, colors: dict[str, str]) -> list[str]:
    scale = (PANEL - LABEL - VALUE) / max([1, *bars.values()])
    made = [_text(left, top + 16, name, "#222", size=13, bold=True)]
    for number, (label, value) in enumerate(bars.items()):
        y = top + HEAD + number * (BAR + GAP)
        length, color = max(1.0, value * scale), colors.get(label, OTHER)
        made += [
            _text(left + LABEL - 6, y + BAR - 3, label, "#222", anchor="end"),
            f'<rect x="{left + LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{color}"/>',
            _text(left + LABEL + length + 5, y + BAR - 3, f"{value:,}", "#444"),
        ]
    return made


def _text(
    x: float, y: float, text: str, color: str, *, size: int = 11, anchor: str = "start", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    place = f'x="{x:.1f}" y="{y}" font-size="{size}" text-anchor="{anchor}"'
    return f'<text {place} fill="{color}"{weight}>{escape(text)}</text>'
