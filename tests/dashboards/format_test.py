#!/usr/bin/python3
"""The dashboards below dashboards/grafana as Grafana and their readers need them: stable as generate.py makes them,
whole, and true to docs/metrics.md. Every check is seen to fail on a dashboard that was spoilt for it."""

import contextlib
import copy
import io
import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

from checks import ROOT, among, complaints

sys.path.insert(0, str(ROOT / "dashboards"))
import generate  # noqa: E402: it stands in the folder of the dashboards.

GRAFANA = ROOT / "dashboards" / "grafana"


class FormatTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        paths = sorted(GRAFANA.rglob("*.json"))
        cls.files = {str(path.relative_to(GRAFANA)): path.read_text("utf-8") for path in paths}
        cls.boards = {path: json.loads(text) for path, text in cls.files.items()}
        cls.uids = {board["uid"] for board in cls.boards.values()}

    def test_files_are_what_generate_makes(self):
        self.assertEqual(generate.differing(generate.files(), GRAFANA), [])
        for path, text in self.files.items():
            self.assertEqual(text, generate.written(json.loads(text)), path)

    def generate(self, *arguments, folder):
        """(exit code, stdout and stderr)."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return generate.main(list(arguments), folder), said.getvalue()

    def test_check_names_what_differs(self):
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()), "grafana")
        shutil.copytree(GRAFANA, folder)
        self.assertEqual(self.generate("--check", folder=folder), (0, ""))
        (folder / "otel/sidelight-http.json").write_text(self.files["otel/sidelight-http.json"].rstrip("\n"), "utf-8")
        (folder / "both/sidelight-itself.json").unlink()
        (folder / "plain/other.json").write_text("{}\n", "utf-8")
        changed = ["both/sidelight-itself.json", "otel/sidelight-http.json", "plain/other.json"]
        exit_code, said = self.generate("--check", folder=folder)
        self.assertEqual(exit_code, 1)
        self.assertEqual(re.findall(r"^dashboards/grafana/(\S+) is not what ", said, re.M), changed)
        self.assertEqual(self.generate(folder=folder)[0], 0)
        self.assertEqual(self.generate("--check", folder=folder), (0, ""))
        self.assertEqual(self.generate("--chekc", folder=folder)[0], 2)

    def test_files_beside_each_other(self):
        self.assertEqual(list(among(self.files)), [])
        self.assertEqual(len(self.uids), len(self.files))
        for path, board in self.boards.items():
            self.assertEqual(pathlib.PurePath(path).stem, board["uid"])

    def test_each_dashboard(self):
        for path, board in self.boards.items():
            self.assertEqual(complaints(board, self.uids), [], path)

    def test_both_styles_have_the_same_dashboards(self):
        names = {style: {path.split("/")[1].replace("-plain", "") for path in self.files if path.startswith(style)}
                 for style in ("otel", "plain")}
        self.assertEqual(names["otel"], names["plain"])
        self.assertEqual(len(names["otel"]), 5)

    def test_checks_of_names_fail(self):
        self.assertEqual(list(among(["otel/a.json", "plain/a.json", "plain/A_b.json"])),
                         ["2 files are called a.json: a ConfigMap has room for one",
                          "'A_b.json' cannot name a ConfigMap"])

    def test_each_check_fails(self):
        def panel(board):
            return next(panel for panel in board["panels"] if panel["type"] == "timeseries")

        def target(board):
            return panel(board)["targets"][0]

        def variable(board, name):
            return next(variable for variable in board["templating"]["list"] if variable["name"] == name)

        def expression(text):
            return lambda board: target(board).update(expr=text)

        def drop_exemplars(board):
            for one in board["panels"]:
                for asked in one.get("targets", ()):
                    asked.pop("exemplar", None)

        chosen = 'job=~"$job",instance=~"$instance"'
        table = [
            (lambda board: board.update(version=7), "has 'version'"),
            (lambda board: board.update(id=None), "has 'id'"),
            (lambda board: board.update(schemaVersion=16), "schemaVersion is 16"),
            (lambda board: board.update(uid="Over_view"), "uid 'Over_view'"),
            (lambda board: board.update(uid="a" * 41), "at most 40 characters"),
            (lambda board: board.update(graphTooltip=0), "no shared crosshair"),
            (lambda board: board.update(tags=["otel"]), "lacks the tag"),
            (lambda board: board.update(links=[]), "no link to the others"),
            (lambda board: board.update(description=""), "no title or no description"),
            (lambda board: board["panels"][0].update(id=2), "2 panels have the id 2"),
            (lambda board: panel(board).update(title=""), "has no title"),
            (lambda board: panel(board).update(description="Rate"), "no description of whole sentences"),
            (lambda board: panel(board)["fieldConfig"]["defaults"].pop("unit"), "has no unit"),
            (lambda board: panel(board)["fieldConfig"]["defaults"].update(unit="seconds"), "Grafana knows: 'seconds'"),
            (lambda board: target(board).update(instant=True), "asks for the wrong times"),
            (lambda board: panel(board).update(datasource={"type": "prometheus", "uid": "abc"}), "its data source"),
            (lambda board: target(board).update(datasource=None), "its data source"),
            (lambda board: panel(board).update(targets=[]), "asks for nothing"),
            (drop_exemplars, "latency of requests without exemplars"),
            (lambda board: panel(board)["gridPos"].update(x=20), "leaves the grid"),
            (lambda board: board["panels"][1]["gridPos"].update(x=2), "lies over"),
            (expression(f"sum(rate(sidelight_nothing_total{{{chosen}}}[5m]))"), "no 'sidelight_nothing_total'"),
            (expression(f"sidelight_series_bucket{{{chosen}}}"), "no 'sidelight_series_bucket'"),
            (expression(f"${{http_prefix}}_seconds{{{chosen}}}"), "no '${http_prefix}_seconds'"),
            (expression("sidelight_series"), "metrics have braces"),
            (expression(f"limitk(2, sidelight_series{{{chosen}}})"), "'limitk' is no function of Prometheus 2.42"),
            (expression(f"double_exponential_smoothing(sidelight_series{{{chosen}}}[5m], 0.5, 0.5)"), "is no function"),
            (expression('sidelight_series{job=~"$job"}'), "not of the chosen instance"),
            (expression('ALERTS{alertstate="firing"}'), "not of the chosen job"),
            (expression(f"sum by (tapp) (sidelight_series{{{chosen}}})"), "no label 'tapp'"),
            (expression(f'sidelight_series{{{chosen},tapp="a"}}'), "no label 'tapp'"),
            (expression(f'label_replace(sidelight_series{{{chosen}}}, "tapp", "a", "", "")'), "no label 'tapp'"),
            (expression("vector(1)"), "asks for no metric"),
            (expression(f'sidelight_series{{{chosen},tap="$tapp"}}'), "'tapp' is no variable"),
            (lambda board: board["templating"]["list"].append(variable(board, "job")), "'job' is there twice"),
            (lambda board: board["templating"]["list"].reverse(), "does not stand before it"),
            (lambda board: variable(board, "job").update(allValue=""), "not everything"),
            (lambda board: variable(board, "runbooks").update(name="pages"), "'runbooks' is no variable"),
            (lambda board: variable(board, "runbooks").update(name="pages"), "'pages' is used by nothing"),
            (lambda board: panel(board)["links"].append({"url": "/d/sidelight-nothing?a=b"}), "no dashboard"),
            (lambda board: panel(board)["links"].append({"url": "${runbooks}/Nothing.md"}),
             "no docs/runbooks/Nothing.md"),
            (lambda board: panel(board)["links"].append({"url": "https://example.com"}), "neither to a dashboard"),
            (lambda board: board["annotations"]["list"][0].update(expr="nothing{}"), "no 'nothing'"),
            (lambda board: board["annotations"]["list"][0]["target"].update(expr="nothing{}"), "Starts, target"),
        ]
        for index, (spoil, wanted) in enumerate(table):
            board = copy.deepcopy(self.boards["otel/sidelight-overview.json"])
            spoil(board)
            found = complaints(board, self.uids)
            self.assertTrue([sentence for sentence in found if wanted in sentence],
                            f"row {index}: wanted a sentence with {wanted!r}, got {found}")


if __name__ == "__main__":
    unittest.main()
