"""Four gateways and one Redis: a limit is one limit, however many instances keep it."""

import http.client
import json
import random
import re
import signal
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from gateway import DEADLINE, Gateway, noon, until
from provider import Provider, completion, respond
from redis_server import Redis

CAP = 60_000
CONNECTIONS = 8  # to each gateway
GATEWAYS = 4

# No failure of Redis is meant here: a machine may be slow.
PATIENCE = ["--store-timeout", "20000"]

# In seconds: much longer than a call to the provider takes, and short enough to wait for.
HOLD_EXPIRY = "15"

# What "Hi" costs as a prompt of gpt-4o-mini, as the model bills it.
PROMPT_TOKENS = 8


def policy():
    return f"""
timezone = "{noon()}"
instances = {GATEWAYS}
[tiers.t]
limits = [
    {{ id = "daily", unit = "tokens", amount = {CAP}, per = "day" }},
    {{ id = "at-once", unit = "concurrent", amount = 1_000 }},
]
[keys]
"sk-fleet" = {{ user = "fleet", tier = "t" }}
"""


class Metered(Provider):
    """Bills as many output tokens as the request's `user` says; where that is `hang`, it never answers."""

    def __init__(self):
        super().__init__()
        self.hanging = threading.Semaphore(0)

    def answer(self, handler):
        request = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        if request["user"] == "hang":
            self.hanging.release()
            self.go_on.wait()
            return
        output = int(request["user"])
        usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": output, "total_tokens": PROMPT_TOKENS + output}
        respond(handler, {**completion(request["model"]), "usage": usage})


class Caller:
    """One connection to one gateway."""

    def __init__(self, gateway, seed):
        self._connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=DEADLINE)
        self._random = random.Random(seed)
        self.seen = self.answered = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def call(self, cap, user):
        """A call that asks for as many tokens as `cap`; whether it was admitted."""
        body = {"model": "gpt-4o-mini", "max_tokens": cap, "user": user, "messages": [{"role": "user", "content": "Hi"}]}
        headers = {"authorization": "Bearer sk-fleet", "content-type": "application/json"}
        self._connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read())
        assert response.headers["x-quota-degraded"] is None, "Redis decides"
        if response.status == 200:
            self.seen += answer["usage"]["total_tokens"]
            self.answered += 1
            return True
        assert response.status == 429, answer
        return False

    def some(self):
        """A call of a random size, which uses a random part of what it asks for."""
        cap = self._random.randint(1, 400)
        return self.call(cap, str(self._random.randint(0, cap)))

    def until_refused(self, times):
        """Calls until it was refused that often: each time something smaller may still fit."""
        while times > 0:
            times -= not self.some()


def each(callers, work):
    """Has all callers work at once."""
    with ThreadPoolExecutor(len(callers)) as pool:
        return list(pool.map(work, callers))


def settled(gateway):
    """How many calls the gateway has booked."""
    _, text = gateway.get("/metrics")
    return sum(int(count) for count in re.findall(r"^token_quota_settled_total\S* (\d+)$", text, re.MULTILINE))


def nothing_is_held(gateway):
    """The limits, once nothing is held."""

    def limits():
        limits = gateway.limits("sk-fleet")
        return limits if all(limit["held"] == 0 for limit in limits.values()) else None

    return until("the last settlement", limits)


class Fleet(unittest.TestCase):
    def start(self, *arguments):
        """Four gateways on one Redis, and the callers of each."""
        self.redis = self.enterContext(Redis())
        self.provider = self.enterContext(Metered())
        arguments = ["--store", self.redis.url, *PATIENCE, *arguments]
        self.gateways = [
            self.enterContext(Gateway(policy(), self.provider.url, arguments=arguments, log="warn"))
            for _ in range(GATEWAYS)
        ]
        self.callers = [
            [self.enterContext(Caller(gateway, seed=100 * at + seed)) for seed in range(CONNECTIONS)]
            for at, gateway in enumerate(self.gateways)
        ]

    def check(self, limits, seen):
        daily = limits["daily"]
        self.assertEqual(daily["used"], seen, "the sum of what the clients saw")
        self.assertLessEqual(daily["used"], CAP)
        self.assertGreater(daily["used"], CAP * 0.9, "it was used up: nothing else is shown")

    def test_32_connections_to_four_gateways_get_no_more_than_there_is(self):
        self.start()
        callers = sum(self.callers, [])
        each(callers, lambda caller: caller.until_refused(5))
        self.check(nothing_is_held(self.gateways[0]), sum(caller.seen for caller in callers))
        self.assertEqual([gateway.stop() for gateway in self.gateways], [0] * GATEWAYS)

    def test_a_gateway_that_is_killed_under_way_leaves_nothing_held(self):
        self.start("--hold-expiry", HOLD_EXPIRY)
        doomed, others = self.callers[-1], sum(self.callers[:-1], [])
        with ThreadPoolExecutor(1) as pool:
            working = pool.submit(each, others, lambda caller: caller.until_refused(5))
            each(doomed, lambda caller: [caller.some() for _ in range(5)])
            # What it has answered is booked; what it has not answered yet hangs.
            until("its settlements", lambda: settled(self.gateways[-1]) == sum(caller.answered for caller in doomed))
            hanging = [threading.Thread(target=self.hang, args=(caller,)) for caller in doomed]
            for thread in hanging:
                thread.start()
            for _ in doomed:
                self.assertTrue(self.provider.hanging.acquire(timeout=DEADLINE))
            self.gateways[-1].signal(signal.SIGKILL)
            self.gateways[-1].ended()
            for thread in hanging:
                thread.join()
            working.result()
        nothing_is_held(self.gateways[0])
        # What its holds had kept from the others they have now.
        each(others, lambda caller: caller.until_refused(5))
        self.check(nothing_is_held(self.gateways[0]), sum(caller.seen for caller in others + doomed))

    def hang(self, caller):
        with self.assertRaises((http.client.HTTPException, OSError)):
            caller.call(10, "hang")


if __name__ == "__main__":
    unittest.main()
