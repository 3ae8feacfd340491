"""The gateway is killed under load, and its books stay true."""

import random
import sqlite3
import tempfile
import unittest
from pathlib import Path

import journal
from audit import Fate
from crash import Rounds, Wrong, run


class Crashes(unittest.TestCase):
    def test_the_books_are_true_after_ten_of_them(self):
        run(10, random.randrange(2**32))


class Altered(unittest.TestCase):
    """The audit finds what is wrong with a journal that was altered after a crash."""

    def setUp(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.database = directory / "quota.db"
        self.rounds = Rounds(self.database, seed=random.randrange(2**32))
        # Until calls are left that were settled, and holds of calls that were served.
        for _ in range(20):
            fates = self.rounds.crash()
            [(open,)] = self.read("SELECT count(*) FROM open_holds")
            if fates[Fate.WRITTEN] and open > fates[Fate.SENT]:
                return
        self.fail("no round has left both")

    def read(self, question):
        with journal.opened_copy(self.database) as left:
            return left.execute(question).fetchall()

    def alter(self, *statements):
        with sqlite3.connect(self.database) as altered:
            for statement in statements:
                altered.execute(statement)
        altered.close()

    def test_balances_that_are_not_the_sum_of_entries(self):
        for statement in [
            "UPDATE balances SET used = used - 1 WHERE used > 0",
            "DELETE FROM balances WHERE used > 0",
            "DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)",
            "DELETE FROM records WHERE hold = (SELECT max(hold) FROM records)",
            "UPDATE totals SET cost = cost - 1 WHERE cost > 0",
        ]:
            with self.subTest(statement), journal.opened_copy(self.database) as left:
                left.execute(statement)
                self.assertNotEqual(list(journal.contradictions(left)), [])

    def test_calls_that_were_at_the_provider_and_are_forgotten(self):
        self.alter("DELETE FROM holds")
        with self.assertRaisesRegex(Wrong, "usd/reserve.* booked"):
            self.rounds.peace(0)

    def test_a_journal_that_began_anew(self):
        for file in self.database.parent.glob("quota.db*"):
            file.unlink()
        with self.assertRaisesRegex(Wrong, "booked"):
            self.rounds.peace(0)

    def test_and_nothing_else(self):
        self.rounds.peace(0)


if __name__ == "__main__":
    unittest.main()
