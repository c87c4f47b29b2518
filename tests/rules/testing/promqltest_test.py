"""The program promqltest: what it prints, and its exit codes."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)

PASSES = "load 1m\n  a 1\n\neval instant at 0 a\n  a 1\n"
FAILS = "eval instant at 0 1\n  1\n\neval instant at 0 1 + 1\n  3\n"
NO_SCRIPT = "eval instant at 0 1\n  1\n\nevil\n"


class PromqltestTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def file(self, name, text):
        path = pathlib.Path(self.directory.name) / name
        path.write_text(text)
        return str(path)

    def run_program(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=300)
        return done.returncode, done.stdout, done.stderr

    def test_passing(self):
        a = self.file("a.test", PASSES)
        self.assertEqual(self.run_program(a), (0, f"{a}: 1 passed, 0 failed\ntotal: 1 passed, 0 failed\n", ""))

    def test_failing(self):
        a, b = self.file("a.test", PASSES), self.file("b.test", FAILS)
        self.assertEqual(self.run_program(a, b), (1, (
            f"{a}: 1 passed, 0 failed\n"
            f"{b}:4: 1 + 1: wanted scalar 3, got scalar 2\n"
            f"{b}: 1 passed, 1 failed\n"
            "total: 2 passed, 1 failed\n"), ""))
        self.assertEqual(self.run_program("--quiet", a, b), (1, "total: 2 passed, 1 failed\n", ""))

    def test_not_a_script(self):
        path = self.file("c.test", NO_SCRIPT)
        code, out, _ = self.run_program(path)
        self.assertEqual(code, 1)
        self.assertTrue(out.startswith(f'{path}:4: "evil" is no command'), out)
        code, out, _ = self.run_program(path + ".missing")
        self.assertEqual(code, 1)
        self.assertIn("the file cannot be read", out)

    def test_wrong_use(self):
        for arguments in ([], ["--nonsense", "x"]):
            code, out, err = self.run_program(*arguments)
            self.assertEqual((code, out), (2, ""), arguments)
            self.assertIn("--help", err)

    def test_help(self):
        code, out, _ = self.run_program("--help")
        self.assertEqual(code, 0)
        self.assertIn("promqltest [--quiet] FILE...", out)


if __name__ == "__main__":
    unittest.main()
