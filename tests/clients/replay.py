"""A trace of real calls, and what they add up to."""

import csv
import itertools

from calls import PAYING, Call
from gateway import ROOT

TRACE = ROOT / "tests/fixtures/trace_code_2000.csv"

# So many are under way at once.
CLIENTS = 64


def trace():
    """The calls in the order in which they came: by one caller after the other, every second one streamed."""
    with open(TRACE, newline="") as file:
        rows = list(csv.DictReader(file))
    for id, (row, caller) in enumerate(zip(rows, itertools.cycle(PAYING))):
        input, output = int(row["ContextTokens"]), int(row["GeneratedTokens"])
        yield Call(id, caller, "gpt-4o-mini", id % 2 == 0, input, output, words=input, cap=output)
