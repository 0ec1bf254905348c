"""Terminal output as an SVG picture, for the README.   terminal-svg.py TITLE <text >picture.svg

Lines that begin with `$ ` are commands, headings are lines without a leading blank. Dark and light follow the reader's page."""
import html
import sys

COLUMNS, FONT, LINE = 118, 13, 18
lines = [l.rstrip("\n")[:COLUMNS] for l in sys.stdin]
width, height = COLUMNS * 7.85 + 40, len(lines) * LINE + 66
print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="{FONT}">')
print("<style>.b{fill:#11161c}.t{fill:#c9d4de}.d{fill:#7f8d9a}.h{fill:#fff;font-weight:600}.c{fill:#7fd6a4}.g{fill:#e6b450}.r{fill:#7fd6a4}</style>")
print(f'<rect class="b" width="{width:.0f}" height="{height}" rx="10"/>')
for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
    print(f'<circle cx="{22 + 20 * i}" cy="20" r="6" fill="{colour}"/>')
print(f'<text class="d" x="{width / 2:.0f}" y="25" text-anchor="middle">{html.escape(sys.argv[1])}</text>')
for i, line in enumerate(lines):
    kind = "c" if line.startswith("$ ") else "h" if line and not line.startswith(" ") else "t"
    text = html.escape(line)
    for word, css in (("running elsewhere", "g"), (" weak ", "g"), (" running ", "r"), (" gap ", "g")):
        text = text.replace(word, f'<tspan class="{css}">{word}</tspan>', 1)
    print(f'<text class="{kind}" x="20" y="{54 + i * LINE}" xml:space="preserve">{text}</text>')
print("</svg>")
