#!/usr/bin/python3
"""The rows of the matrix have every pair of choices in them. Needs neither helm nor a registry."""

import itertools
import unittest

import matrix


class MatrixTest(unittest.TestCase):
    def test_any_two_choices_meet(self):
        rows = matrix.rows(matrix.SWITCHES)
        for (one, of_one), (other, of_other) in itertools.combinations(matrix.SWITCHES.items(), 2):
            met = {(row[one], row[other]) for row in rows}
            self.assertEqual(met, set(itertools.product(range(len(of_one)), range(len(of_other)))), f"{one} and {other}")
        self.assertLess(len(rows), 50)

    def test_the_first_row_is_all_defaults(self):
        self.assertEqual(set(matrix.rows(matrix.SWITCHES)[0].values()), {0})

    def test_a_row_has_what_its_choices_say(self):
        switches = {"a": [{"x": {"one": 1}}, {}], "b": [{"x": {"two": 2}}, {"x": {"one": 3}}]}
        self.assertEqual([matrix.values(row, switches) for row in ({"a": 0, "b": 0}, {"a": 0, "b": 1}, {"a": 1, "b": 0})],
                         [{"x": {"one": 1, "two": 2}}, {"x": {"one": 3}}, {"x": {"two": 2}}])


if __name__ == "__main__":
    unittest.main()
