#!/usr/bin/python3
"""Writes the dashboards, dashboards/grafana/<style>/<uid>.json.

    dashboards/generate.py            writes them, and removes those that are none any more
    dashboards/generate.py --check    says which would change, and exits with 1 if one would
"""

import json
import pathlib
import sys

import caches
import http_routes
import itself
import overview
import postgresql
import service_levels
from vocabulary import STYLES

FOLDER = pathlib.Path(__file__).resolve().parent / "grafana"


def written(dashboard):
    """The one way to write JSON here: keys sorted, two spaces, and a newline at the end."""
    return json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def files():
    """{path below grafana/: text}. In `both` is what does not depend on a tap's naming."""
    found = {}
    for vocabulary in STYLES:
        for module in (overview, http_routes, caches, postgresql, service_levels):
            board = module.board(vocabulary)
            found[f"{vocabulary.style}/{board['uid']}.json"] = written(board)
    board = itself.board()
    found[f"both/{board['uid']}.json"] = written(board)
    return found


def differing(wanted, folder):
    """Paths of which the folder has something else, nothing, or something though there should be nothing."""
    there = {str(path.relative_to(folder)) for path in folder.rglob("*.json")}
    return sorted((there - set(wanted)) | {path for path, text in wanted.items()
                                           if path not in there or (folder / path).read_text("utf-8") != text})


def main(arguments, folder=FOLDER):
    if arguments not in ([], ["--check"]):
        print("usage: dashboards/generate.py [--check]", file=sys.stderr)
        return 2
    wanted = files()
    changed = differing(wanted, folder)
    if arguments:
        for path in changed:
            print(f"dashboards/grafana/{path} is not what dashboards/generate.py makes: run it", file=sys.stderr)
        return 1 if changed else 0
    for path in changed:
        if path in wanted:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(wanted[path], "utf-8")
        else:
            (folder / path).unlink()
        print(f"dashboards/grafana/{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
