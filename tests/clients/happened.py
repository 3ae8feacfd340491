"""What clients and provider saw, in the order in which they did."""

import itertools
import threading

from gateway import DEADLINE


class Happened:
    """A list that many write and some wait for.

    `sent`, `served` and `ended` are a call's: its client makes it, the provider has read it, its client has seen the end of the
    answer. `failed` says why a client gave up, and `killed` is when clients may.
    """

    def __init__(self):
        self._noted, self._more = [], threading.Condition()

    def note(self, what, of=None):
        with self._more:
            self._noted.append((what, of))
            self._more.notify_all()

    def wait_for(self, count):
        """Waits until so much has happened, or something that should not have."""
        with self._more:
            if not self._more.wait_for(lambda: len(self._noted) >= count or self.failures(), DEADLINE):
                raise AssertionError(f"{len(self._noted)} things happened in {DEADLINE} s, and not {count}")

    def all(self):
        with self._more:
            return list(self._noted)

    def failures(self):
        """What failed before there was a reason to."""
        lived = itertools.takewhile(lambda noted: noted[0] != "killed", self.all())
        return [why for what, why in lived if what == "failed"]
