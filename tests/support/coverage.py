"""Line coverage of each library, from the counts that a coverage build left behind. Under 80 % is a failure."""
import collections
import json
import pathlib
import subprocess
import sys

WANTED = 80.0
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main(build):
    report = subprocess.run(
        ["gcovr", "--root", str(ROOT), "--json", "--exclude-throw-branches", "--gcov-ignore-parse-errors",
         "--filter", r"(core|collector|exporters|rules|src)/", build],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = collections.Counter()
    covered = collections.Counter()
    for file in json.loads(report)["files"]:
        parts = file["file"].split("/")
        library = "/".join(parts[:2])
        for line in file["lines"]:
            if line.get("gcovr/noncode"):
                continue
            lines[library] += 1
            covered[library] += line["count"] > 0
    print(f"\n{'library':24} {'lines':>7} {'covered':>8}")
    low = []
    for library in sorted(lines):
        percent = 100.0 * covered[library] / lines[library]
        print(f"{library:24} {lines[library]:7} {percent:7.1f} %")
        if percent < WANTED:
            low.append(library)
    total = 100.0 * sum(covered.values()) / max(1, sum(lines.values()))
    print(f"{'all':24} {sum(lines.values()):7} {total:7.1f} %")
    if low:
        print(f"below {WANTED:.0f} %: {', '.join(low)}")
    return 1 if low or not lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
