"""Calls whose cost is known beforehand, and the policy that they are made under."""

import dataclasses
import datetime
import json
from decimal import Decimal

# Dollars for a million tokens of input and of output.
PRICES = {"gpt-4o-mini": ("0.15", "0.60"), "gpt-4o": ("2.50", "10.00")}

# What stands around one message, in tokens.
AROUND = 7


@dataclasses.dataclass(frozen=True)
class Caller:
    key: str
    user: str
    tier: str
    project: str = ""
    organization: str = "default"

    def line(self):
        names = [(field.name, getattr(self, field.name)) for field in dataclasses.fields(self)]
        return f'"{self.key}" = {{ {", ".join(f"{name} = {json.dumps(said)}" for name, said in names[1:] if said)} }}'


PAYING = [
    Caller("sk-wanda", "wanda", "pro", "web"),
    Caller("sk-anton", "anton", "pro", "app"),
    Caller("sk-nora", "nora", "pro", "web"),
]
# No limit in dollars binds them: nothing of their calls is on disk before the provider is called.
COUNTED = [Caller("sk-lena", "lena", "lab", organization="lab"), Caller("sk-luis", "luis", "lab", organization="lab")]
CALLERS = PAYING + COUNTED


lines = "\n".join


def policy():
    """Room for every call; the limits are called after their unit and their durability."""
    return f"""
timezone = "{month_that_lasts()}"
service_tier = "default"
[prices]
{lines(f'"{model}" = {{ input = "{input}", output = "{output}" }}' for model, (input, output) in PRICES.items())}
[organization]
budget = {{ id = "organization/usd/reserve", usd = "100000" }}
[organizations.lab]
limits = [ {{ id = "lab/tokens/settle", unit = "tokens", amount = 1_000_000_000, per = "month" }} ]
[projects.web]
budget = {{ id = "web/usd/reserve", usd = "30000" }}
[projects.app]
budget = {{ id = "app/usd/reserve", usd = "30000" }}
[tiers.pro]
limits = [ {{ id = "user/usd/reserve", unit = "usd", amount = "10000", per = "month" }},
           {{ id = "user/tokens/settle", unit = "tokens", amount = 1_000_000_000, per = "month" }},
           {{ id = "user/output_tokens/reserve", unit = "output_tokens", amount = 1_000_000_000, per = "month",
              durability = "reserve" }},
           {{ id = "user/concurrent/settle", unit = "concurrent", amount = 100 }} ]
[tiers.lab]
limits = [ {{ id = "user/requests/settle", unit = "requests", amount = 1_000_000, per = "month" }},
           {{ id = "user/input_tokens/settle", unit = "input_tokens", amount = 1_000_000_000, per = "month" }} ]
[keys]
{lines(caller.line() for caller in CALLERS)}
"""


def month_that_lasts():
    """A time zone in which the running month does not end within the next twelve hours."""
    return "UTC" if datetime.datetime.now(datetime.UTC).hour < 12 else "Etc/GMT+12"


@dataclasses.dataclass(frozen=True)
class Call:
    """A call, and what the provider will bill for it."""

    id: int
    caller: Caller
    model: str
    stream: bool
    input: int
    output: int
    # Never less than what is billed.
    words: int
    cap: int

    def request(self):
        prompt = "bill" + " bill" * (self.words - 1)
        return {
            "model": self.model,
            "user": f"{self.id}/{self.input}/{self.output}",
            "stream": self.stream,
            "max_tokens": self.cap,
            "messages": [{"role": "user", "content": prompt}],
        }

    def is_held(self):
        """Whether a hold of it is on disk before the provider is called."""
        return self.caller in PAYING

    def used(self, unit):
        """What it has used, in nano-dollars where dollars are counted."""
        return amount(unit, self.model, self.input, self.output)

    def estimate(self, unit):
        """What is reserved for it."""
        return amount(unit, self.model, self.words + AROUND, self.cap)


def amount(unit, model, input, output):
    of_input, of_output = (int(Decimal(price) * 1000) for price in PRICES[model])
    return {
        "usd": input * of_input + output * of_output,
        "tokens": input + output,
        "input_tokens": input,
        "output_tokens": output,
        "requests": 1,
        "concurrent": 0,
    }[unit]


def any_call(rng, id):
    input, output = rng.randint(1, 400), rng.randint(1, 400)
    return Call(
        id=id,
        caller=rng.choice(CALLERS),
        model=rng.choice(list(PRICES)),
        stream=rng.random() < 0.5,
        input=input,
        output=output,
        words=input + rng.randint(0, 100),
        cap=output + rng.randint(0, 1000),
    )
