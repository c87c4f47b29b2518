"""The project's pages, and the blocks of code in them."""

import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
_PLACES = ("*.md", "docs/**/*.md", "dashboards/*.md", "helm/**/*.md")
PAGES = sorted(page for place in _PLACES for page in ROOT.glob(place))


def blocks(language):
    """(page:line, text) of each block that says that it is of this language."""
    pattern = re.compile(rf"^( *)```{language}\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
    for page in PAGES:
        text = page.read_text("utf-8")
        for found in pattern.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield f"{page.relative_to(ROOT)}:{line}", textwrap.dedent(found[2])
