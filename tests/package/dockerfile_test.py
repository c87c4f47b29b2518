"""The Dockerfile, as far as it can be held without Docker: what it builds from, whom it runs as, whether its paths are
those of the release tree. Each rule is tried on a Dockerfile that breaks it, too."""

import fnmatch
import json
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = re.compile(r"TOKEN|PASSWORD|PASSWD|SECRET|CREDENTIAL|_KEY\b", re.I)


class Stage:
    """A FROM and what follows it: `steps` are (instruction, its text)."""

    def __init__(self, image, name):
        self.image, self.name, self.steps = image, name, []

    def all(self, instruction):
        return [text for given, text in self.steps if given == instruction]


def parse(text):
    """({ARG before the first FROM: its default}, [Stage])."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    defaults, stages = {}, []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        instruction, _, rest = line.strip().partition(" ")
        instruction, rest = instruction.upper(), rest.strip()
        if instruction == "FROM":
            image, _, name = rest.partition(" AS ")
            stages.append(Stage(re.sub(r"\$\{(\w+)\}", lambda match: defaults.get(match[1], ""), image), name))
        elif instruction and not stages:
            name, _, value = rest.partition("=")
            defaults[name] = value
        elif instruction:
            stages[-1].steps.append((instruction, rest))
    return defaults, stages


def problems(text):
    """Sentences about what is wrong with this Dockerfile."""
    stages = parse(text)[1]
    if len(stages) != 2:
        return [f"it has {len(stages)} stages and not two"]
    build, run = stages
    found = [f"{stage.image!r} has no tag of its own" for stage in stages
             if not re.search(r":(?!latest$)[\w.-]+$", stage.image)]
    if not re.match(r"debian:bookworm", build.image):
        found.append(f"it builds on {build.image}, and the tree is Debian 12's")
    if not re.match(r"gcr\.io/distroless/.*debian12:nonroot", run.image):
        found.append(f"it runs on {run.image}, and not on a distroless Debian 12")
    if run.all("RUN"):
        found.append("the image that runs has no shell to RUN with")
    for stage in stages:
        found += step_problems(stage, stages)
    return found + user_problems(run) + start_problems(run)


def step_problems(stage, stages):
    found = []
    for instruction, text in stage.steps:
        if instruction == "ADD":
            found.append(f"ADD {text}: COPY takes what is in the tree, and nothing comes from elsewhere")
        if instruction == "RUN" and re.search(r"\b(curl|wget)\b", text):
            found.append(f"RUN {text}: nothing comes from elsewhere but Debian's packages")
        if instruction in ("ARG", "ENV", "LABEL") and SECRET.search(text):
            found.append(f"{instruction} {text}: a secret would be in the image's history")
        if instruction == "COPY":
            found += copy_problems(text, stages)
    return found


def copy_problems(text, stages):
    words = text.split()
    origin = next((word.removeprefix("--from=") for word in words if word.startswith("--from=")), None)
    sources = [word for word in words if not word.startswith("--")][:-1]
    if origin is None:
        return [f"COPY {source}: it is not in the tree, or .dockerignore leaves it out" for source in sources
                if not (ROOT / source).exists() or ignored(source)]
    if origin not in [stage.name for stage in stages]:
        return [f"COPY --from={origin}: no stage is called that"]
    made = " ".join(next(stage for stage in stages if stage.name == origin).all("RUN"))
    return [f"COPY --from={origin} {source}: nothing there makes it" for source in sources
            if not re.search(rf"\s{re.escape(source)}(\s|$)", made)]


def ignored(source):
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    return any(fnmatch.fnmatch(part, pattern.removeprefix("**/")) for pattern in patterns
               for part in (source, source.partition("/")[0]))


def user_problems(run):
    users = run.all("USER")
    if not users or not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1]):
        return [f"USER is {users[-1:]}, and runAsNonRoot needs a number that is not 0"]
    return []


def start_problems(run):
    """The entry point must be the tree's program, in the form that needs no shell."""
    found = []
    started = {}
    for instruction in ("ENTRYPOINT", "CMD"):
        try:
            started[instruction] = json.loads(run.all(instruction)[-1])
        except (IndexError, ValueError):
            found.append(f"{instruction} is not there, or not in the form of a list, which needs no shell")
    if found:
        return found
    target = next((text.split()[-1] for text in run.all("COPY") if "--from=" in text), "")
    if started["ENTRYPOINT"] != [f"{target}/bin/sidelight"]:
        found.append(f"ENTRYPOINT {started['ENTRYPOINT']} is not bin/sidelight of the tree in {target}")
    if started["CMD"] != ["run", "--config", "/etc/sidelight/sidelight.yaml"]:
        found.append(f"CMD {started['CMD']}")
    return found


TEXT = (ROOT / "Dockerfile").read_text()

BROKEN = [  # what is replaced, by what, and what must be said then
    ("FROM ${RUN_IMAGE}\n", "", "it has 1 stages and not two"),
    ("bookworm-slim", "latest", "'debian:latest' has no tag of its own"),
    ("debian:bookworm-slim", "debian:trixie-slim", "the tree is Debian 12's"),
    ("gcr.io/distroless/base-nossl-debian12:nonroot", "ubuntu:24.04", "not on a distroless Debian 12"),
    ("USER 65532:65532", "RUN useradd nobody\nUSER 65532", "has no shell to RUN with"),
    ("USER 65532:65532", "USER nonroot", "a number that is not 0"),
    ("USER 65532:65532", "USER 0:0", "a number that is not 0"),
    ("USER 65532:65532\n", "", "a number that is not 0"),
    ("COPY . .", "ADD https://example.com/sidelight.tar.gz .", "nothing comes from elsewhere"),
    ("COPY . .", "COPY . .\nRUN curl -O https://example.com/x", "nothing comes from elsewhere"),
    ("ARG REVISION", "ARG REVISION\nARG REGISTRY_TOKEN", "a secret would be in the image's history"),
    ("COPY script/bootstrap", "COPY script/no-such-file", "script/no-such-file: it is not in the tree"),
    ("COPY script/bootstrap", "COPY build/dev", "build/dev: it is not in the tree, or .dockerignore"),
    ("--from=build /sidelight", "--from=builder /sidelight", "no stage is called that"),
    ("--from=build /sidelight", "--from=build /tree", "/tree: nothing there makes it"),
    ('ENTRYPOINT ["/opt', 'ENTRYPOINT ["/usr', "is not bin/sidelight of the tree in /opt/sidelight"),
    ('ENTRYPOINT ["/opt/sidelight/bin/sidelight"]', "ENTRYPOINT /opt/sidelight/bin/sidelight", "which needs no shell"),
    ('"--config", ', "", "CMD ['run', '/etc"),
]


class Dockerfile(unittest.TestCase):
    def test_it_keeps_the_rules(self):
        self.assertEqual(problems(TEXT), [])

    def test_what_breaks_a_rule_is_found(self):
        for old, new, sentence in BROKEN:
            with self.subTest(new=new):
                self.assertIn(old, TEXT)
                self.assertIn(sentence, "\n".join(problems(TEXT.replace(old, new))))

    def test_it_says_what_the_project_says(self):
        run = parse(TEXT)[1][1]
        version = re.search(r"VERSION (\d+\.\d+\.\d+) ", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertIn(f"VERSION={version}", run.all("ARG"))
        defaults = re.findall(r'Tcp\("0\.0\.0\.0", (\d+)\)', (ROOT / "src" / "config" / "config.h").read_text())
        self.assertEqual(run.all("EXPOSE"), [" ".join(["8080", *defaults])])
        labels = " ".join(run.all("LABEL"))
        for key in ("title", "description", "licenses", "version", "revision"):
            self.assertIn(f"org.opencontainers.image.{key}=", labels)

    def test_the_build_runs_what_there_is(self):
        for command in parse(TEXT)[1][0].all("RUN"):
            script = command.split()[0]
            self.assertTrue(os.access(ROOT / script, os.X_OK), f"RUN {command}: {script} is not executable")


if __name__ == "__main__":
    unittest.main()
