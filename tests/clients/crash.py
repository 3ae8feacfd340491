"""Kills the gateway under load, again and again, and audits its books each time that it has come up again.

    python3 tests/clients/crash.py ROUNDS [SEED]
"""

import collections
import contextlib
import itertools
import random
import sys
import time

import audit
import journal
from audit import Fate
from calls import CALLERS, any_call, policy
from gateway import ROOT, Gateway
from happened import Happened
from load import Load
from upstream import Upstream

TOKEN = "admin-secret"

CLIENTS = 16

# About so many calls are made in a round, at most.
MOST = 200


class Wrong(Exception):
    """The books cannot be true, or calls that should have been answered were not."""


class Rounds:
    """One journal through many crashes."""

    def __init__(self, database, seed):
        self._database, self._random, self._policy = database, random.Random(seed), policy()
        self._calls, self._fates, self._books = {}, {}, {}
        # The fates of the calls that are not in the books yet.
        self._new = {}

    def crash(self):
        """Opens what the last round has left, audits it, and dies under load. Returns how many calls came how far."""
        if self._random.random() < 0.25:
            self._die_early()
        happened = Happened()
        with Upstream(happened) as upstream, self._gateway(upstream.url) as gateway:
            self._audit(gateway)
            with Load(gateway, self._any_calls(), happened, CLIENTS):
                happened.wait_for(self._random.randint(1, 3 * MOST))
                happened.note("killed")
                gateway.kill()
        self._note(happened)
        with journal.opened_copy(self._database) as left:
            check(journal.contradictions(left))
        return collections.Counter(self._new.values())

    def peace(self, calls):
        """As above, but so many calls are made and all finished, and the gateway is asked to stop. Nothing is uncertain then."""
        happened = Happened()
        with Upstream(happened) as upstream, self._gateway(upstream.url) as gateway:
            self._audit(gateway)
            with Load(gateway, itertools.islice(self._any_calls(), calls), happened, CLIENTS):
                pass
            code = gateway.stop()
            check([f"the gateway ended with {code}: {gateway.log()}"] if code else [])
        self._note(happened)
        self._new = dict.fromkeys(self._new, Fate.WRITTEN)

    def _die_early(self):
        """A gateway that is killed while it opens what the last one has left."""
        with contextlib.closing(self._gateway("http://127.0.0.1:9")):
            time.sleep(self._random.uniform(0, 0.2))

    def _gateway(self, upstream):
        arguments, environment = ["--store", f"sqlite:{self._database}"], {"QUOTA_ADMIN_TOKEN": TOKEN}
        return Gateway(self._policy, upstream, arguments=arguments, environment=environment, log="warn")

    def _any_calls(self):
        while True:
            call = any_call(self._random, len(self._calls))
            self._calls[call.id] = call
            yield call

    def _note(self, happened):
        check(happened.failures())
        self._new = audit.fates(happened.all(), self._calls)

    def _audit(self, gateway):
        """The books must be true to the calls since the last audit."""
        books = audit.read(gateway, CALLERS)
        self._fates |= self._new
        check(audit.wrong(self._books, books, self._new, self._calls))
        with journal.opened(self._database) as opened:
            check(journal.contradictions(opened))
            check(journal.misread(opened, books, audit.reported(gateway, TOKEN)))
            check(journal.unaccounted(opened, self._fates, self._calls))
        self._books, self._new = books, {}


def check(found):
    if found := list(found):
        raise Wrong("\n".join(found))


def run(rounds, seed):
    """Fails with `Wrong`, and leaves the journal then."""
    directory = ROOT / "target/crash"
    directory.mkdir(parents=True, exist_ok=True)
    database = directory / f"{seed}.db"
    remove(database)
    print(f"seed {seed}")
    killed = Rounds(database, seed)
    for number in range(1, rounds + 1):
        calls = killed.crash()
        print(f"round {number}:", *(f"{calls[fate]} {fate.name.lower()}" for fate in Fate), flush=True)
    killed.peace(MOST)
    killed.peace(0)
    remove(database)


def remove(database):
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()


if __name__ == "__main__":
    rounds, *seed = map(int, sys.argv[1:])
    run(rounds, *(seed or [random.randrange(2**32)]))
