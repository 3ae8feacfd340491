"""Whether the books can be true: what limits say is used, against what clients and provider saw of the calls."""

import dataclasses
import enum
import json
from decimal import Decimal


class Fate(enum.IntEnum):
    """How far a call came before the gateway died."""

    SENT = 0
    # The provider has read it, and bills it.
    SERVED = 1
    # Its client has seen the end of the answer.
    ENDED = 2
    # And so it is in the journal.
    WRITTEN = 3


def fates(happened, calls):
    """The fate of every call that was sent, by its id.

    The journal is written in order, and a call that dollars bind is in it before the provider is called. So when such a call is
    served, everything is written that had ended when it was sent.
    """
    served = {of for what, of in happened if what == "served"}
    held = [at for at, (what, of) in enumerate(happened) if what == "sent" and of in served and calls[of].is_held()]
    written_until = max(held, default=0)
    fates = {}
    for at, (what, of) in enumerate(happened):
        if what == "sent":
            fates[of] = Fate.SERVED if of in served else Fate.SENT
        elif what == "ended":
            fates[of] = Fate.WRITTEN if at < written_until else Fate.ENDED
    return fates


def bounds(call, fate, unit, durability):
    """The least and the most that may be booked for a call."""
    if fate is Fate.WRITTEN:
        return call.used(unit), call.used(unit)
    is_held = durability == "reserve" and fate >= Fate.SERVED
    return (call.used(unit) if is_held else 0), call.estimate(unit)


@dataclasses.dataclass(frozen=True)
class Counter:
    """A limit, named after its unit and its durability, and who shares the counter."""

    limit: str
    whose: tuple

    def counts(self, call):
        return all(getattr(call.caller, part) == name for part, name in self.whose)


def read(gateway, callers):
    """What each counter says is used, and what is held."""
    books = {}
    for caller in callers:
        status, text = gateway.get("/quota/status", caller.key)
        assert status == 200, text
        for limit in json.loads(text, parse_float=Decimal, parse_int=Decimal)["limits"]:
            scale = 10**9 if limit["unit"] == "usd" else 1
            whose = tuple((part, getattr(caller, part)) for part in sorted({"organization", *limit["scope"]}))
            books[Counter(limit["id"], whose)] = int(limit["used"] * scale), int(limit["held"] * scale)
    return books


def reported(gateway, token):
    """Calls, tokens in, tokens out and nano-dollars by `/quota/report`."""
    status, text = gateway.get("/quota/report", token)
    assert status == 200, text
    organizations = json.loads(text, parse_float=Decimal)["organizations"]
    figures = ["calls", "input_tokens", "output_tokens", "cost"]
    *counts, dollars = (sum(organization[figure] for organization in organizations) for figure in figures)
    return *counts, int(dollars * 10**9)


def wrong(before, after, fates, calls):
    """What is wrong with books that were read before calls were made and after a crash."""
    found = []
    for counter, (used, held) in after.items():
        _, unit, durability = counter.limit.split("/")
        each = [bounds(calls[of], fate, unit, durability) for of, fate in fates.items() if counter.counts(calls[of])]
        least, most = (sum(ends) for ends in zip((0, 0), *each))
        booked = used - before.get(counter, (0, 0))[0]
        if not least <= booked <= most:
            found.append(f"{counter} booked {booked}, and not from {least} to {most}")
        if held:
            found.append(f"{counter} still holds {held}")
    return found
