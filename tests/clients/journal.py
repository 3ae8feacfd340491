"""The journal's file, read as anybody may: with SQLite. What must be true of it."""

import collections
import contextlib
import shutil
import sqlite3
import tempfile
from decimal import Decimal

from audit import Counter, Fate

BALANCES = "SELECT counter, used FROM balances"
FOLD = """
SELECT terms.counter, sum(json_extract(booking.value, '$[1]') - json_extract(booking.value, '$[2]'))
FROM entries, json_each(entries.bookings) AS booking JOIN terms ON terms.id = json_extract(booking.value, '$[0]')
GROUP BY terms.counter
"""

TOTALS = "SELECT month, organization, project, model, calls, input_tokens, output_tokens, cost FROM totals"
SUMS = """
SELECT month, organization, project, model, count(*) - count(replaces), sum(input_tokens - replaced_input_tokens),
       sum(output_tokens - replaced_output_tokens), sum(cost - replaced_cost)
FROM records GROUP BY month, organization, project, model
"""

BUDGETS = "SELECT organization, project, used FROM balances WHERE unit = 'usd' AND user IS NULL AND period LIKE 'month:%'"
SPENT = """
SELECT organization, project, sum(cost) FROM totals WHERE organization = 'default' AND project IS NOT NULL GROUP BY 1, 2
UNION SELECT organization, NULL, sum(cost) FROM totals WHERE organization = 'default' GROUP BY 1
"""

COUNTERS = "SELECT limit_id, organization, project, user, used FROM balances WHERE period LIKE 'month:%'"

RECORDS = "SELECT user, model, input_tokens, output_tokens, cost FROM records WHERE basis = ?"
VIEWS = ["spend_by_project", "spend_by_user", "spend_by_model"]
OPEN_HOLDS = "SELECT * FROM open_holds"


@contextlib.contextmanager
def opened(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        yield journal


@contextlib.contextmanager
def opened_copy(path):
    """What a gateway has left that was killed. The copy is repaired by being opened, and the file itself is left as it is."""
    with tempfile.TemporaryDirectory() as directory:
        for file in path.parent.glob(f"{path.name}*"):
            shutil.copy(file, directory)
        with contextlib.closing(sqlite3.connect(f"{directory}/{path.name}")) as journal:
            yield journal


def contradictions(journal):
    """What contradicts itself in a journal of calendar limits that nobody has corrected."""
    balances, fold = dict(journal.execute(BALANCES)), dict(journal.execute(FOLD))
    for counter in balances.keys() | fold.keys():
        if balances.get(counter) != fold.get(counter):
            yield f"{counter} stands at {balances.get(counter)}, and its entries add up to {fold.get(counter)}"
    for name, some, others in [("totals and records", TOTALS, SUMS), ("budgets and totals", BUDGETS, SPENT)]:
        if differ := set(journal.execute(some)) ^ set(journal.execute(others)):
            yield f"{name} differ: {differ}"


def misread(journal, books, reported):
    """Where the gateway that has opened the journal says something else: of limits, and in its report."""
    for view in VIEWS:
        if spent(journal, view) != reported:
            yield f"{view} adds up to {spent(journal, view)}, and the gateway reports {reported}"
    kept = {}
    for limit, organization, project, user, used in journal.execute(COUNTERS):
        named = {"organization": organization, "project": project, "user": user}
        kept[Counter(limit, tuple((part, name) for part, name in named.items() if name is not None))] = used
    for counter, (used, _) in books.items():
        if used != kept.get(counter, 0):
            yield f"{counter} stands at {kept.get(counter)}, and the gateway says {used}"


def unaccounted(journal, fates, calls):
    """What cannot be true of the calls: all that were ever sent, after a restart."""
    reported, unreconciled = (collections.Counter(journal.execute(RECORDS, [how])) for how in ["reported", "unreconciled"])
    made = [calls[of] for of in fates]
    written = [calls[of] for of, fate in fates.items() if fate is Fate.WRITTEN]
    yield from (f"no record of {call}" for call in (collections.Counter(map(used, written)) - reported))
    yield from (f"a record of no call: {call}" for call in (reported - collections.Counter(map(used, made))))
    yield from (f"an estimate of no call: {call}" for call in (unreconciled - collections.Counter(map(estimate, made))))
    yield from (f"still open: {hold}" for hold in journal.execute(OPEN_HOLDS))


def used(call):
    return call.caller.user, call.model, *(call.used(unit) for unit in UNITS)


def estimate(call):
    return call.caller.user, call.model, *(call.estimate(unit) for unit in UNITS)


UNITS = ["input_tokens", "output_tokens", "usd"]


def spent(journal, view):
    """Calls, tokens in, tokens out and nano-dollars, by one of the views for people."""
    rows = journal.execute(f"SELECT calls, input_tokens, output_tokens, usd FROM {view}").fetchall()
    *counts, dollars = (sum(Decimal(row[figure]) for row in rows) for figure in range(4))
    return *map(int, counts), int(dollars * 10**9)
