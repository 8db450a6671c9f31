"""Draws the answers to the dashboard's queries as panels in its layout. Not Grafana: only its queries, titles, units and
places are."""
import math
from html import escape

COLUMN, ROW, GAP, LEGEND = 46, 26, 8, 6
COLORS = ["#2a78d6", "#d9730d", "#2f8f4e", "#b5332e", "#7a4fc4", "#0d8f9c", "#a3720b", "#c23d86", "#5d6673", "#3a4da8"]


def drawn(panels, start, end):
    """An SVG of panels, each with its series: (name, [(moment, value)])."""
    parts, height = [], 0
    for panel, series in panels:
        place = panel["gridPos"]
        x, y = place["x"] * COLUMN, place["y"] * ROW
        width, tall = place["w"] * COLUMN - GAP, place["h"] * ROW - GAP
        height = max(height, y + tall)
        parts.append(f'<g transform="translate({x + GAP} {y + GAP})">')
        if panel["type"] == "row":
            parts.append(f'<text x="2" y="14" class="row">{escape(panel["title"])}</text></g>')
            continue
        parts.append(f'<rect width="{width}" height="{tall}" class="panel"/>')
        parts.append(f'<text x="8" y="16" class="title">{escape(panel["title"])}</text>')
        unit = panel.get("fieldConfig", {}).get("defaults", {}).get("unit", "none")
        if series is None:
            parts.append('<text x="8" y="40">no data</text>')
        elif panel["type"] == "stat":
            parts.append(f'<text x="8" y="{tall - 22}" class="stat">{escape(last(series[0][1], unit))}</text>')
        elif panel["type"] == "table":
            for line, (name, values) in enumerate(series):
                parts.append(f'<text x="8" y="{40 + 16 * line}">{escape(name or "up for")} {last(values, unit)}</text>')
        else:
            parts.append(chart(series, unit, width, tall, start, end))
        parts.append("</g>")
    size = f'width="{24 * COLUMN + GAP}" height="{height + 2 * GAP}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{STYLE}\n' + "\n".join(parts) + "\n</svg>\n"


def chart(series, unit, width, tall, start, end):
    shown = sorted(series, key=lambda one: -max(known(one[1]), default=0))[:LEGEND]
    bottom, top, left, right = tall - 14 * ((len(shown) + 1) // 2) - 12, 28, 62, width - 8
    most = max((value for _, values in series for value in known(values)), default=0) or 1
    parts = []
    for line in (0, 0.5, 1):
        y = bottom - line * (bottom - top)
        parts.append(f'<path d="M{left} {y:.1f}H{right}" class="grid"/>')
        parts.append(f'<text x="{left - 4}" y="{y + 4:.1f}" text-anchor="end">{escape(text(line * most, unit))}</text>')
    for number, (name, values) in enumerate(shown):
        points = [
            f"{left + (moment - start) / (end - start) * (right - left):.1f} {bottom - value / most * (bottom - top):.1f}"
            for moment, value in values if not math.isnan(value)
        ]
        color = COLORS[number % len(COLORS)]
        parts.append(f'<path d="M{"L".join(points)}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        x, y = 10 + number % 2 * (width - 16) / 2, bottom + 16 + number // 2 * 14
        parts.append(f'<rect x="{x:.0f}" y="{y - 7}" width="8" height="3" fill="{color}"/>')
        room = int((width - 40) / (2 if len(shown) > 1 else 1) / 6)
        parts.append(f'<text x="{x + 12:.0f}" y="{y}">{escape((name or "all")[:room])}</text>')
    return "\n".join(parts)


def last(values, unit):
    return text(known(values)[-1], unit) if known(values) else "no data"


def known(values):
    return [value for _, value in values if not math.isnan(value)]


def text(value, unit):
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "bytes":
        return f"{value / 2**20:.3g} MiB"
    if unit == "s":
        return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"
    suffix = {"reqps": " req/s", "cps": " /s"}.get(unit, "")
    return f"{value:.3g}{suffix}"


STYLE = """<style>
svg { background: #f4f5f5; font: 11px sans-serif } text { fill: #3a414a }
.panel { fill: #fff; stroke: #dcdfe3 } .grid { stroke: #e6e8ea } .row { font-weight: bold; font-size: 13px }
.title { font-weight: bold } .stat { font-size: 26px }
</style>"""
