# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots: pause and total over an axis, side by side, both scales logarithmic, as SVG that GitHub and browsers show."""
import math
from html import escape

AXES = {
    "memory": "memory of one process in small pages, MiB",
    "huge": "memory of one process in huge pages, MiB",
    "processes": "processes of 1 MiB",
    "threads": "threads of one process",
    "descriptors": "descriptors of one process",
    "mappings": "mappings of one process",
}
# Told apart without colour too: by what marks the points, and by the word at the line's end.
SERIES = {
    "criu": ("CRIU", "#c0392b", "square"),
    "ptree-bus": ("ptree, D-Bus", "#2e86c1", "ring"),
    "ptree-direct": ("ptree", "#1b4f72", "dot"),
    "fork": ("fork()", "#7d7d7d", "cross"),
}
PANELS = (("pause", "pause of the source"), ("total", "until the copy runs"))
WIDTH, HEIGHT = 380, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 84, 54, 46
STYLE = ("<style>text{font:12px system-ui,sans-serif;fill:#333}.title{font-size:13px;font-weight:600}"
         ".tick{fill:#666;font-size:11px}</style>")


def duration(usec):
    for unit, size in (("s", 1e6), ("ms", 1e3)):
        if usec >= size:
            return f"{usec / size:g} {unit}"
    return f"{usec:g} µs"


class Scale:
    """Logarithmic, from whole decades (or, of the x axis, from the first value) to pixels."""

    def __init__(self, low, high, start, end):
        self.low, self.high = math.log10(low), math.log10(high)
        self.start, self.end = start, end

    def __call__(self, value):
        part = (math.log10(value) - self.low) / ((self.high - self.low) or 1)
        return self.start + part * (self.end - self.start)


def mark(kind, x, y, colour):
    if kind == "square":
        return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}"/>'
    if kind == "cross":
        return (f'<path d="M{x - 3.5:.1f} {y - 3.5:.1f}l7 7m0 -7l-7 7" stroke="{colour}" stroke-width="1.8"/>')
    fill = "#fff" if kind == "ring" else colour
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{fill}" stroke="{colour}" stroke-width="1.8"/>'


def spread(ends, distance=14):
    """Labels at the lines' ends, moved apart: [(y, text, colour)] from above to below."""
    placed = []
    for y, text, colour in sorted(ends):
        placed.append((max(y, placed[-1][0] + distance) if placed else y, text, colour))
    return placed


def panel(at, title, series, xs, low, high):
    """One coordinate system, its left edge at x = at. series: {contender: [(x, usec)]}."""
    x_scale = Scale(xs[0], xs[-1], at + LEFT, at + WIDTH - RIGHT)
    y_scale = Scale(low, high, HEIGHT - BOTTOM, TOP)
    yield f'<text class="title" x="{at + LEFT}" y="{TOP - 14}">{escape(title)}</text>'
    for decade in range(round(math.log10(low)), round(math.log10(high)) + 1):
        y = y_scale(10 ** decade)
        yield f'<path d="M{at + LEFT} {y:.1f}H{at + WIDTH - RIGHT}" stroke="#e3e3e3"/>'
        yield f'<text class="tick" x="{at + LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{duration(10 ** decade)}</text>'
    for x in xs:
        yield (f'<text class="tick" x="{x_scale(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
               f'{x:g}</text>')
    ends = []
    for contender, points in series.items():
        label, colour, kind = SERIES[contender]
        pixels = [(x_scale(x), y_scale(usec)) for x, usec in points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in pixels)
        yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>'
        yield from (mark(kind, x, y, colour) for x, y in pixels)
        ends.append((pixels[-1][1], label, colour))
    for y, label, colour in spread(ends):
        yield f'<text x="{at + WIDTH - RIGHT + 9}" y="{y + 4:.1f}" style="fill:{colour}">{label}</text>'


def plot(results, group):
    """The SVG of one group of scenarios, or None if it has no two points."""
    found = {}
    for (scenario, contender, what), _ in results.samples.items():
        name, x = scenario.split("/")
        usec = results.median(scenario, contender, what)
        if name == group and what in dict(PANELS) and usec and usec > 0:
            found.setdefault(what, {}).setdefault(contender, []).append((float(x), usec))
    points = [point for series in found.values() for line in series.values() for point in line]
    xs = sorted({x for x, _ in points})
    if len(xs) < 2:
        return None
    low = 10 ** math.floor(math.log10(min(usec for _, usec in points)))
    high = 10 ** math.ceil(math.log10(max(usec for _, usec in points)))
    width = WIDTH * len(PANELS)
    facts = results.facts
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" width="{width}" height="{HEIGHT}" '
             f'role="img">', "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->", STYLE,
             f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>',
             f'<text x="{LEFT}" y="20">{escape(AXES[group])}: Linux {escape(str(facts.get("kernel")))}, '
             f'{escape(str(facts.get("machine")))}, CRIU {escape(str(facts.get("criu")))}; medians</text>']
    for i, (what, title) in enumerate(PANELS):
        series = {contender: sorted(found.get(what, {}).get(contender, [])) for contender in SERIES}
        lines += panel(i * WIDTH, title, {c: line for c, line in series.items() if line}, xs, low, high)
    return "\n".join(lines + ["</svg>", ""])


def plot_all(results, folder):
    for group in AXES:
        svg = plot(results, group)
        if svg:
            with open(f"{folder}/{group}.svg", "w", encoding="utf-8") as file:
                file.write(svg)
