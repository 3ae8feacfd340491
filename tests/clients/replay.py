"""A trace of real calls, as fast as they came or faster, and what they add up to."""

import csv
import datetime
import itertools
import time

from calls import PAYING, Call
from gateway import ROOT

TRACE = ROOT / "tests/fixtures/trace_code_2000.csv"

# More than are ever under way at once.
CLIENTS = 64


def trace():
    """When each call came, in seconds since the first, and the call: by one caller after the other, every second one streamed."""
    with open(TRACE, newline="") as file:
        rows = list(csv.DictReader(file))
    came = [datetime.datetime.fromisoformat(row["TIMESTAMP"][:26]) for row in rows]
    for id, (at, row, caller) in enumerate(zip(came, rows, itertools.cycle(PAYING))):
        input, output = int(row["ContextTokens"]), int(row["GeneratedTokens"])
        call = Call(id, caller, "gpt-4o-mini", id % 2 == 0, input, output, words=input, cap=output)
        yield (at - came[0]).total_seconds(), call


def paced(trace, speed):
    """Each call when it is due: so many times as fast as they came."""
    began = time.monotonic()
    for at, call in trace:
        time.sleep(max(0, began + at / speed - time.monotonic()))
        yield call
