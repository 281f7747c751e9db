"""An SVG of a terminal's screen, from what `tmux capture-pane -ep` prints. usage: svg.py COLUMNS < screen.ansi > screen.svg"""
import html
import re
import sys
import unicodedata

CELL, LINE, PAD = 8.4, 18, 12
BASIC = ["#1d1f21", "#cc6666", "#b5bd68", "#f0c674", "#81a2be", "#b294bb", "#8abeb7", "#c5c8c6",
         "#7c7f83", "#d54e53", "#b9ca4a", "#e7c547", "#7aa6da", "#c397d8", "#70c0b1", "#eaeaea"]
FOREGROUND, BACKGROUND = "#d8dadb", "#15171a"


def indexed(n):
    """The colour of one of the 256."""
    if n < 16:
        return BASIC[n]
    if n >= 232:
        return "#" + f"{8 + 10 * (n - 232):02x}" * 3
    n -= 16
    return "#" + "".join(f"{0 if c == 0 else 55 + 40 * c:02x}" for c in (n // 36, n // 6 % 6, n % 6))


def styled(codes, style):
    """The style after an SGR sequence."""
    codes = [int(c or 0) for c in re.split("[;:]", codes)]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = {}
        elif code in (1, 2, 3, 4, 7):
            style = style | {code: True}
        elif code in (22, 23, 24, 27):
            style = {k: v for k, v in style.items() if k not in {22: (1, 2), 23: (3,), 24: (4,), 27: (7,)}[code]}
        elif code in (38, 48) and codes:
            kind = codes.pop(0)
            colour = indexed(codes.pop(0)) if kind == 5 else "#" + "".join(f"{codes.pop(0):02x}" for _ in range(3))
            style = style | {"fg" if code == 38 else "bg": colour}
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = style | {"fg": BASIC[code % 10 + (8 if code >= 90 else 0)]}
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = style | {"bg": BASIC[code % 10 + (8 if code >= 100 else 0)]}
        elif code in (39, 49):
            style = {k: v for k, v in style.items() if k != ("fg" if code == 39 else "bg")}
    return style


def runs(line, style):
    """The line as (column, width, text, style), and the style that it ends with."""
    column, found = 0, []
    for part in re.split(r"(\x1b\[[0-9;:]*m)", line):
        if part.startswith("\x1b["):
            style = styled(part[2:-1], style)
            continue
        part = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)|[\x00-\x1f]", "", part)
        width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in part)
        if part:
            found.append((column, width, part, style))
        column += width
    return found, style


def main(columns):
    lines = sys.stdin.read().rstrip("\n").split("\n")
    width, height = columns * CELL + 2 * PAD, len(lines) * LINE + 2 * PAD
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" '
          f'font-family="ui-monospace, \'DejaVu Sans Mono\', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>')
    style = {}
    for row, line in enumerate(lines):
        found, style = runs(line, style)
        for column, cells, text, look in found:
            fg, bg = look.get("fg", FOREGROUND), look.get("bg", BACKGROUND)
            fg, bg = (bg, fg) if look.get(7) else (fg, bg)
            x, y = PAD + column * CELL, PAD + row * LINE
            if bg != BACKGROUND:
                print(f'<rect x="{x:.1f}" y="{y}" width="{cells * CELL:.1f}" height="{LINE}" fill="{bg}"/>')
            if text.strip():
                extra = (' font-weight="bold"' if look.get(1) else "") + (' opacity="0.65"' if look.get(2) else "")
                extra += ' font-style="italic"' if look.get(3) else ""
                extra += ' text-decoration="underline"' if look.get(4) else ""
                print(f'<text x="{x:.1f}" y="{y + 13.5}" fill="{fg}" textLength="{cells * CELL:.1f}"{extra}>{html.escape(text)}</text>')
    print("</svg>")


if __name__ == "__main__":
    main(int(sys.argv[1]))
