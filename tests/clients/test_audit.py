"""The audit of the crashes: what it takes for true, and what it does not."""

import unittest

import audit
from audit import Counter, Fate
from calls import COUNTED, PAYING, Call


def call(id, caller):
    """It takes 2 tokens in and 3 out; 10 and 20 are reserved for it."""
    return Call(id, caller, "gpt-4o-mini", stream=False, input=2, output=3, words=3, cap=20)


PAID, ALSO_PAID, COUNTED_ONLY = 0, 1, 2
CALLS = {PAID: call(PAID, PAYING[0]), ALSO_PAID: call(ALSO_PAID, PAYING[1]), COUNTED_ONLY: call(COUNTED_ONLY, COUNTED[0])}


class Fates(unittest.TestCase):
    def test_a_call_comes_as_far_as_was_seen(self):
        happened = [("sent", PAID)]
        self.assertEqual(audit.fates(happened, CALLS), {PAID: Fate.SENT})
        happened += [("served", PAID)]
        self.assertEqual(audit.fates(happened, CALLS), {PAID: Fate.SERVED})
        happened += [("ended", PAID)]
        self.assertEqual(audit.fates(happened, CALLS), {PAID: Fate.ENDED})

    def test_it_is_written_when_a_later_call_that_is_written_beforehand_was_served(self):
        for first in [PAID, COUNTED_ONLY]:
            happened = [("sent", first), ("served", first), ("ended", first), ("sent", ALSO_PAID)]
            self.assertEqual(audit.fates(happened, CALLS)[first], Fate.ENDED)
            happened += [("served", ALSO_PAID)]
            self.assertEqual(audit.fates(happened, CALLS)[first], Fate.WRITTEN)

    def test_a_call_that_was_sent_before_its_end_proves_nothing(self):
        happened = [("sent", PAID), ("sent", ALSO_PAID), ("served", PAID), ("ended", PAID), ("served", ALSO_PAID)]
        self.assertEqual(audit.fates(happened, CALLS)[PAID], Fate.ENDED)

    def test_a_call_that_is_not_written_beforehand_proves_nothing(self):
        happened = [("sent", PAID), ("served", PAID), ("ended", PAID), ("sent", COUNTED_ONLY), ("served", COUNTED_ONLY)]
        self.assertEqual(audit.fates(happened, CALLS)[PAID], Fate.ENDED)


class Bounds(unittest.TestCase):
    def allowed(self, fate, durability):
        counter = Counter(f"user/tokens/{durability}", (("user", "wanda"),))
        before, fates = {counter: (100, 0)}, {PAID: fate, COUNTED_ONLY: Fate.WRITTEN}
        return [used - 100 for used in range(200) if not audit.wrong(before, {counter: (used, 0)}, fates, CALLS)]

    def test_what_is_written_is_booked_to_the_token(self):
        for durability in ["reserve", "settle"]:
            self.assertEqual(self.allowed(Fate.WRITTEN, durability), [5])

    def test_what_was_held_and_served_is_never_booked_too_low(self):
        for fate in [Fate.SERVED, Fate.ENDED]:
            self.assertEqual(self.allowed(fate, "reserve"), list(range(5, 31)))

    def test_what_was_not_served_may_be_booked_at_the_estimate(self):
        self.assertEqual(self.allowed(Fate.SENT, "reserve"), list(range(0, 31)))

    def test_what_was_not_held_may_be_lost_until_it_is_written(self):
        for fate in [Fate.SENT, Fate.SERVED, Fate.ENDED]:
            self.assertEqual(self.allowed(fate, "settle"), list(range(0, 31)))

    def test_nothing_is_held_after_a_restart(self):
        counter = Counter("user/tokens/settle", (("user", "wanda"),))
        self.assertTrue(audit.wrong({}, {counter: (0, 1)}, {}, CALLS))


if __name__ == "__main__":
    unittest.main()
