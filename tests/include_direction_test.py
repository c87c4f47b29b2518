"""Holds the ladder: an include may only point down, as docs/architecture.md draws it."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Each room and what it may include besides itself. Whoever adds a room says here what stands below it.
CORE = {
    "core/base": set(),
    "core/model": {"core/base"},
    "core/yaml": {"core/base"},
    "core/metrics": {"core/model", "core/base"},
    "core/storage": {"core/model", "core/base"},
    "core/wire": {"core/model", "core/base"},
    "core/relabel": {"core/model", "core/yaml", "core/base"},
    "core/state": {"core/base"},
    "core/net": {"core/base"},
    "core/http": {"core/net", "core/yaml", "core/base"},
}
ALL_CORE = set(CORE)
COLLECTOR = {
    "collector/protocols": ALL_CORE,
    "collector/tap": {"collector/protocols"} | ALL_CORE,
    "collector/meter": {"collector/protocols"} | ALL_CORE,
}
RULES = {
    "rules/promql": ALL_CORE,
    "rules/template": ALL_CORE,
    "rules/evaluation": {"rules/promql", "rules/template"} | ALL_CORE,
    "rules/packs": ALL_CORE,
    "rules/testing": {"rules/promql", "rules/evaluation"} | ALL_CORE,
}
EXPORTERS = {
    "exporters/delivery": ALL_CORE,
    "exporters/prometheus": {"exporters/delivery"} | ALL_CORE,
    "exporters/otlp": {"exporters/delivery"} | ALL_CORE,
    "exporters/alertmanager": set(RULES) | ALL_CORE,
}
BELOW_SRC = ALL_CORE | set(COLLECTOR) | set(RULES) | set(EXPORTERS)
ALLOWED = CORE | COLLECTOR | RULES | EXPORTERS | {"src": BELOW_SRC, "examples": ALL_CORE}

# Libraries that only their own room includes.
GUARDED = {
    r"yaml-cpp/": {"core/yaml"},
    r"prometheus/": {"core/metrics"},
    r"httplib\.h": {"core/http"},
    r"llhttp": {"collector/protocols", "core/http"},
    r"protozero/": {"core/wire"},
    r"re2/": {"core/model", "core/relabel", "rules/promql", "rules/evaluation", "rules/template", "rules/testing"},
    r"snappy": {"core/wire"},
    r"nghttp2/": {"core/http", "collector/protocols"},
    r"zlib\.h": {"core/wire"},
    r"spdlog/": {"core/base"},
    r"sqlite3\.h": {"core/state"},
    r"openssl/": {"core/http", "core/relabel"},
    r"CLI/": {"src"},
    r"nlohmann/": {"core/wire", "exporters/prometheus", "exporters/alertmanager", "exporters/otlp", "rules/evaluation", "src"},
}


def room_of(path):
    for room in sorted(ALLOWED, key=len, reverse=True):
        if path == room or path.startswith(room + "/"):
            return room
    return None


def check():
    errors = []
    files = 0
    for source in sorted(p for top in ("core", "collector", "exporters", "rules", "src", "examples")
                         for p in (ROOT / top).rglob("*") if p.suffix in (".h", ".cc", ".c")):
        path = source.relative_to(ROOT).as_posix()
        room = room_of(path)
        if room is None:
            errors.append(f"{path}: stands in no room; name its room in {pathlib.Path(__file__).name}")
            continue
        files += 1
        for number, line in enumerate(source.read_text().splitlines(), 1):
            quoted = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            angled = re.match(r"\s*#\s*include\s+<([^>]+)>", line)
            if quoted:
                target = room_of(quoted.group(1))
                if target is None:
                    errors.append(f"{path}:{number}: {quoted.group(1)} is not written from the root of the tree")
                elif target != room and target not in ALLOWED[room]:
                    errors.append(f"{path}:{number}: {room} may not include {target}")
            elif angled:
                for pattern, rooms in GUARDED.items():
                    if re.match(pattern, angled.group(1)) and room not in rooms:
                        errors.append(f"{path}:{number}: <{angled.group(1)}> belongs to {', '.join(sorted(rooms))}")
    return files, errors


if __name__ == "__main__":
    count, found = check()
    for error in found:
        print(error)
    print(f"{count} files, {len(found)} includes that point the wrong way")
    sys.exit(1 if found or count == 0 else 0)
