"""Turns page.html into C: its bytes, and the hashes of its script and style for the Content-Security-Policy."""
import base64
import hashlib
import re
import sys


def digest(html: str, tag: str) -> str:
    """The policy's name for the one inline element of this kind."""
    inner = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.S).group(1)
    return "'sha256-" + base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode() + "'"


def main() -> None:
    """Reads the page and writes the C file."""
    html = open(sys.argv[1], encoding="utf-8").read()
    rows = [", ".join(str(b) for b in html.encode()[i:i + 32]) for i in range(0, len(html.encode()), 32)]
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write('#include "api/page.h"\n\nstatic const unsigned char bytes[] = {\n' + ",\n".join(rows) + "};\n")
        out.write("const struct str page_html = {(const char *)bytes, sizeof(bytes)};\n")
        out.write(f'const char page_script_hash[] = "{digest(html, "script")}", page_style_hash[] = "{digest(html, "style")}";\n')


main()
