"""A gateway whose usage is kept on Redis, and what it does while Redis is away."""

import json
import signal
import threading
import unittest
import urllib.error
import urllib.request

from gateway import Gateway, ask, noon, until
from provider import Provider
from redis_server import Redis

KEYS = ["sk-closed", "sk-open", "sk-local"]

# A machine may be slow: that is no failure. Where nobody listens it is seen at once.
PATIENCE = ["--store-timeout", "20000"]


def policy():
    tiers = "".join(
        f"""
[tiers.{rule}]
limits = [ {{ id = "{rule}", unit = "requests", amount = 20, per = "day", on_store_failure = "{rule}" }} ]
"""
        for rule in ["closed", "open", "local"]
    )
    keys = "".join(f'"{key}" = {{ user = "{key}", tier = "{key.removeprefix("sk-")}" }}\n' for key in KEYS)
    return f'timezone = "{noon()}"\ninstances = 4\n{tiers}\n[keys]\n{keys}'


def call(gateway, key):
    """Status of a call, and whether it was decided without Redis."""
    body = {"model": "gpt-4o-mini", "max_tokens": 1, "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{gateway.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            response.read()
            return response.status, response.headers["x-quota-degraded"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["x-quota-degraded"]


def used(gateway, key):
    limit = gateway.limits(key)[key.removeprefix("sk-")]
    return limit["used"], limit["held"]


class Store(unittest.TestCase):
    def start(self, redis, upstream=None, **options):
        arguments = ["--store", redis.url, *PATIENCE]
        return self.enterContext(Gateway(policy(), upstream, arguments=arguments, **options))

    def test_a_restart_forgets_nothing(self):
        redis = self.enterContext(Redis())
        for times in [1, 2]:
            gateway = self.start(redis)
            self.assertEqual(call(gateway, "sk-closed"), (200, None))
            self.assertEqual(gateway.stop(), 0)
            self.assertEqual(used(self.start(redis), "sk-closed"), (times, 0))

    def test_redis_is_believed_to_be_who_it_is_by_its_certificate(self):
        redis = self.enterContext(Redis(tls=True))
        stranger = self.start(redis)
        self.assertEqual(call(stranger, "sk-closed"), (503, "closed"))
        until("the reason in the log", lambda: "certificate" in stranger.log())
        gateway = self.start(redis, environment={"SSL_CERT_FILE": redis.certificate})
        self.assertEqual(call(gateway, "sk-closed"), (200, None))

    def test_without_redis_each_limit_has_its_rule_and_what_passed_is_booked_later(self):
        redis = self.enterContext(Redis(later=True))
        gateway = self.start(redis)
        self.assertEqual(call(gateway, "sk-closed"), (503, "closed"))
        passed = {"sk-closed": 0, "sk-open": 7, "sk-local": 5}
        for key in ["sk-open", "sk-local"]:
            for _ in range(passed[key]):
                self.assertEqual(call(gateway, key), (200, key.removeprefix("sk-")))
        self.assertEqual(call(gateway, "sk-local"), (429, "local"), "20 of four instances")
        self.assertEqual(gateway.get("/quota/status", "sk-open")[0], 503)
        status, text = gateway.get("/healthz")
        self.assertEqual(status, 200, "it answers: a load balancer shall not take it away")
        self.assertIn("without the store", text)
        self.assertTrue(redis.start())

        def recovers(key):
            status, degraded = call(gateway, key)
            passed[key] += status == 200
            return degraded is None

        for key in KEYS:
            until("a decision by Redis", lambda: recovers(key))
        for key in KEYS:
            until("all bookings", lambda: used(gateway, key) == (passed[key], 0))
        until("health", lambda: gateway.get("/healthz") == (200, "ok"))
        self.assertRegex(gateway.get("/metrics")[1], r"\ntoken_quota_store_recoveries_total 1\n")

    def test_it_does_not_end_before_its_calls_are_booked(self):
        redis = self.enterContext(Redis())
        provider = self.enterContext(Provider(pause=True))
        gateway = self.start(redis, upstream=provider.url)
        client, _ = gateway.client("sk-closed", max_retries=0)
        said = []
        listener = threading.Thread(target=lambda: said.extend(ask(client, max_tokens=9, stream=True)))
        listener.start()
        self.assertTrue(provider.paused.wait(60))
        self.assertIn("\ntoken_quota_settlements_waiting 0\n", gateway.get("/metrics")[1])
        redis.freeze()
        provider.go_on.set()
        listener.join()
        until("a settlement that waits", lambda: "\ntoken_quota_settlements_waiting 1\n" in gateway.get("/metrics")[1])
        gateway.signal(signal.SIGTERM)
        until("its end to begin", lambda: "stopping" in gateway.log())
        redis.thaw()
        self.assertEqual(gateway.ended(), 0)
        self.assertNotIn("could not be settled", gateway.log())
        client.close()
        self.assertEqual(used(self.start(redis), "sk-closed"), (1, 0))


if __name__ == "__main__":
    unittest.main()
