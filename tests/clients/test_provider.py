"""What reaches the provider, and what comes back."""

import http.client
import json
import socket
import unittest
import urllib.parse

import openai

from gateway import DEADLINE, Gateway, ask, noon
from provider import USAGE, Provider

CONFIG = f'timezone = "{noon()}"' + """
[tiers.pro]
ladder = ["gpt-4.1-mini"]
default_output_tokens = 100
limits = [
    { id = "daily", unit = "tokens", amount = 100_000, per = "day" },
    { id = "large", unit = "tokens", amount = 1_000, per = "day", models = ["gpt-4o"], on_exhausted = "downgrade" },
]
[keys]
"sk-caller" = { user = "carla", tier = "pro" }
"""
CALLERS, PROVIDERS = "sk-caller", "sk-provider"

# Spaces, order and escapes as no serializer would write them.
BODY = b'{ "messages" : [{"role":"user","content":"caf\\u00e9"} ],\n "model":"gpt-4o-mini", "temperature": 1.0, "max_tokens":5 }'


def post(gateway, path="/v1/chat/completions", body=BODY, headers=()):
    """A request with exactly these headers: status, headers, body."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(gateway.url).netloc, timeout=DEADLINE)
    try:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def bearer(key=CALLERS):
    return {"Authorization": f"Bearer {key}"}


class BehindTheGateway(unittest.TestCase):
    def setUp(self):
        self.provider = self.enterContext(Provider())

    def gateway(self, path="", **options):
        options = {"upstream": self.provider.url + path, "key": PROVIDERS, **options}
        return self.enterContext(Gateway(CONFIG, **options))

    def test_a_callers_key_never_reaches_the_provider_nor_a_log(self):
        gateway = self.gateway(log="trace")
        ways = [
            ("", bearer(), ("authorization", f"Bearer {PROVIDERS}")),
            ("", {"x-api-key": CALLERS}, ("x-api-key", PROVIDERS)),
            ("", {"api-key": CALLERS}, ("api-key", PROVIDERS)),
            ("", {"x-goog-api-key": CALLERS}, ("x-goog-api-key", PROVIDERS)),
            (f"?key={CALLERS}&alt=json", {}, ("x-goog-api-key", PROVIDERS)),
            (f"?a=b&k%65y={CALLERS}&KEY={CALLERS}", bearer(), ("authorization", f"Bearer {PROVIDERS}")),
            ("", {**bearer(), "api-key": CALLERS, "Cookie": CALLERS}, ("authorization", f"Bearer {PROVIDERS}")),
        ]
        for query, headers, (name, value) in ways:
            with self.subTest(query=query, headers=headers):
                self.provider.seen.clear()
                status, _, body = post(gateway, f"/v1/chat/completions{query}", headers=headers)
                self.assertEqual(status, 200, body)
                [seen] = self.provider.seen
                self.assertEqual(seen.header(name), [value])
                self.assertNotIn(CALLERS.encode(), seen.everything())
                self.assertEqual(seen.everything().count(PROVIDERS.encode()), 1)
        self.assertEqual(gateway.stop(), 0)
        self.assertNotIn(CALLERS, gateway.log())
        self.assertNotIn(PROVIDERS, gateway.log())

    def test_nobody_without_a_key_reaches_the_provider(self):
        gateway = self.gateway()
        for path in ["/v1/models", "/v1/files", "/v1/chat/completions"]:
            self.assertEqual(gateway.get(path)[0], 401)
            self.assertEqual(gateway.get(path, "sk-nobody")[0], 401)
        self.assertEqual(post(gateway)[0], 401)
        self.assertEqual(self.provider.seen, [])
        self.assertEqual(gateway.get("/v1/models", CALLERS)[0], 200)
        self.assertEqual(len(self.provider.seen), 1)

    def test_the_gateways_own_paths_never_reach_the_provider(self):
        gateway = self.gateway()
        for path in ["/healthz", "/metrics", "/quota/status", "/quota", "/quota/other", "//healthz", "/%71uota/status", "/metrics/"]:
            gateway.get(path, CALLERS)
        for path in ["/v1/../admin", "/v1/%2e%2e/admin"]:
            self.assertEqual(gateway.get(path, CALLERS)[0], 400)
        self.assertEqual(self.provider.seen, [])

    def test_an_admitted_body_is_the_same_to_the_byte(self):
        gateway = self.gateway()
        status, _, _ = post(gateway, headers=bearer())
        self.assertEqual(status, 200)
        self.assertEqual(self.provider.seen[0].body, BODY)

    def test_a_downgrade_changes_the_model_and_nothing_else(self):
        gateway = self.gateway()
        body = BODY.replace(b"gpt-4o-mini", b"gpt-4o").replace(b":5", b":5000")
        status, headers, _ = post(gateway, body=body, headers=bearer())
        self.assertEqual((status, headers["x-quota-model"]), (200, "gpt-4.1-mini"))
        self.assertEqual(self.provider.seen[0].body, body.replace(b"gpt-4o", b"gpt-4.1-mini"))

    def test_headers_of_one_connection_stay_on_it(self):
        gateway = self.gateway()
        sent = {**bearer(), "Connection": "close, x-mine", "X-Mine": "1", "TE": "trailers", "Proxy-Authorization": "x", "X-Kept": "1"}
        sent |= {"OpenAI-Organization": "org-other", "Expect": "100-continue"}
        status, headers, _ = post(gateway, headers=sent)
        [seen] = self.provider.seen
        self.assertEqual(status, 200)
        for name in ["x-mine", "te", "proxy-authorization", "openai-organization", "expect"]:
            self.assertEqual(seen.header(name), [], name)
        self.assertEqual(seen.header("x-kept"), ["1"])
        self.assertEqual(seen.header("host"), [urllib.parse.urlsplit(self.provider.url).netloc])
        self.assertIsNone(headers["set-cookie"])

    def test_the_providers_own_limits_are_not_shown(self):
        gateway = self.gateway()
        _, headers, _ = post(gateway, headers=bearer())
        self.assertNotEqual(headers["x-ratelimit-remaining-tokens"], "123456789")

    def test_paths_are_put_after_the_base(self):
        gateway = self.gateway(path="/some/base/")
        post(gateway, "/v1/chat/completions?a=1", headers=bearer())
        self.assertEqual(self.provider.seen[0].path, "/some/base/v1/chat/completions?a=1")

    def test_what_the_provider_billed_is_what_is_booked(self):
        gateway = self.gateway()
        client, _ = gateway.client(CALLERS)
        self.addCleanup(client.close)
        ask(client, max_tokens=1_000)
        self.assertEqual(gateway.limits(CALLERS)["daily"]["used"], USAGE["total_tokens"])
        chunks = list(ask(client, max_tokens=1_000, stream=True))
        self.assertTrue(all(chunk.choices for chunk in chunks), "the chunk that was asked for is kept back")
        self.assertEqual(gateway.limits(CALLERS)["daily"]["used"], 2 * USAGE["total_tokens"])

    def test_without_a_key_of_the_provider_none_is_sent(self):
        gateway = self.gateway(key="")
        post(gateway, headers=bearer())
        self.assertEqual(self.provider.seen[0].header("authorization"), [])


class TooLarge(unittest.TestCase):
    def test_what_is_too_large_is_refused_in_openais_words_metered_or_not(self):
        provider = self.enterContext(Provider())
        gateway = self.enterContext(Gateway('unknown_calls = "pass"\n' + CONFIG, upstream=provider.url))
        promised = {**bearer(), "Content-Length": str(40 << 20)}
        for path in ["/v1/chat/completions", "/v1/files"]:
            with self.subTest(path=path):
                status, _, body = post(gateway, path, body=None, headers=promised)
                self.assertEqual((status, json.loads(body)["error"]["code"]), (413, "body_too_large"))
        self.assertEqual(provider.seen, [])


RATE = {"error": {"message": "Slow down", "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
SPENT = {"error": {"message": "No money", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}}


class ProviderWithLimits(unittest.TestCase):
    def test_its_rate_and_its_quota_are_told_apart_and_from_ours(self):
        for status, document, reason in [(429, RATE, "rate"), (429, SPENT, "quota"), (402, SPENT, "quota")]:
            with self.subTest(status=status, reason=reason):
                provider = self.enterContext(Provider(refuse=(status, document)))
                gateway = self.enterContext(Gateway(CONFIG, upstream=provider.url))
                answered, _, body = post(gateway, headers=bearer())
                self.assertEqual((answered, json.loads(body)), (status, document))
                counted = f'token_quota_provider_limited_total{{status="{status}",reason="{reason}",replied="no"}} 1'
                metrics = gateway.get("/metrics")[1].splitlines()
                self.assertIn(counted, metrics)
                self.assertFalse([line for line in metrics if line.startswith("token_quota_refused_total{")])
                limit = gateway.limits(CALLERS)["daily"]
                self.assertEqual((limit["used"], limit["held"]), (0, 0))
                self.assertEqual(gateway.stop(), 0)
                self.assertRegex(gateway.log(), f'provider limits our account.* reason="{reason}"')

    def test_our_own_rate_and_quota_are_told_apart_too(self):
        limits = [
            ("rate_limited", '{ unit = "requests", amount = 1, per = "minute" }'),
            ("quota_spent", '{ unit = "requests", amount = 1, per = "day" }'),
        ]
        for reason, limit in limits:
            with self.subTest(reason=reason):
                tier = f'[tiers.pro]\nlimits = [ {limit} ]\n[keys]\n"{CALLERS}" = {{ tier = "pro" }}'
                gateway = self.enterContext(Gateway(f'timezone = "{noon()}"\n{tier}'))
                statuses = [post(gateway, headers=bearer())[0] for _ in range(2)]
                self.assertEqual(statuses, [200, 429])
                self.assertIn(f'token_quota_refused_total{{reason="{reason}"}} 1', gateway.get("/metrics")[1])
                self.assertEqual(gateway.stop(), 0)
                self.assertRegex(gateway.log(), f'reason="{reason}".*refused|refused.*reason="{reason}"')

    def test_a_tiers_reply_reaches_the_stock_client_stream_or_not(self):
        provider = self.enterContext(Provider(refuse=(429, SPENT)))
        config = CONFIG.replace("[tiers.pro]", '[tiers.pro]\non_provider_limit = { reply = "Later." }')
        gateway = self.enterContext(Gateway(config, upstream=provider.url))
        client, attempts = gateway.client(CALLERS)
        self.addCleanup(client.close)
        raw = ask(client.with_raw_response)
        self.assertEqual((raw.parse().choices[0].message.content, raw.headers["x-quota-fallback"]), ("Later.", "provider"))
        said = [chunk.choices[0].delta.content or "" for chunk in ask(client, stream=True) if chunk.choices]
        self.assertEqual("".join(said), "Later.")
        self.assertEqual(len(attempts), 2, "nothing was tried again")
        self.assertIn('reason="quota",replied="yes"} 2', gateway.get("/metrics")[1])


class ProviderInTrouble(unittest.TestCase):
    def call(self, upstream):
        self.gateway = self.enterContext(Gateway(CONFIG, upstream=upstream))
        client, _ = self.gateway.client(CALLERS, max_retries=0)
        self.addCleanup(client.close)
        with self.assertRaises(openai.InternalServerError) as failed:
            ask(client)
        return self.gateway.limits(CALLERS)["daily"], failed.exception

    def test_a_provider_that_cannot_be_reached_costs_nothing(self):
        with socket.socket() as nobody:
            # Bound and not listening: nobody else gets the port, and nobody answers on it.
            nobody.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{nobody.getsockname()[1]}"
            limit, failed = self.call(f"http://{host}")
        self.assertEqual((failed.status_code, failed.code), (502, "upstream_unreachable"))
        self.assertEqual((limit["used"], limit["held"]), (0, 0))
        self.assertEqual(self.gateway.stop(), 0)
        [line] = [line for line in self.gateway.log().splitlines() if "the provider failed" in line]
        self.assertIn("Connection refused", line)
        self.assertIn(f'host="{host}"', line)
        self.assertNotIn("sk-", line)

    def test_a_provider_that_hangs_up_may_have_done_the_work(self):
        provider = self.enterContext(Provider(hang_up=True))
        limit, failed = self.call(provider.url)
        self.assertEqual((failed.status_code, failed.code), (502, "upstream_failed"))
        self.assertEqual(limit["held"], 0)
        self.assertGreater(limit["used"], 100, "the whole reservation")

    def test_a_provider_that_refuses_the_gateways_key_is_told_of_in_the_log_alone(self):
        said = {"error": {"message": "Incorrect API key: sk-p***", "type": "invalid_request_error", "code": "invalid_api_key"}}
        words = "the provider refused the gateway's own key"
        for status, key, times in [(401, PROVIDERS, 1), (403, PROVIDERS, 1), (404, PROVIDERS, 0), (401, "", 0)]:
            with self.subTest(status=status, key=key), Provider(refuse=(status, said)) as provider:
                with Gateway(CONFIG, upstream=provider.url, key=key) as gateway:
                    for _ in range(3):
                        answered, _, body = post(gateway, headers=bearer())
                        self.assertEqual((answered, json.loads(body)), (status, said))
                    gateway.answered()
                    lines = [line for line in gateway.log().splitlines() if words in line]
                    self.assertEqual(len(lines), times, gateway.log())
                    for line in lines:
                        self.assertIn("WARN", line)
                        self.assertIn(str(status), line)
                        self.assertNotIn("sk-", line)

    def test_a_provider_that_redirects_leads_no_client_past_the_quota(self):
        elsewhere = self.enterContext(Provider())
        provider = self.enterContext(Provider(redirect=f"{elsewhere.url}/v1/chat/completions"))
        limit, failed = self.call(provider.url)
        self.assertEqual((failed.status_code, failed.code), (502, "upstream_redirects"))
        self.assertEqual((limit["used"], limit["held"]), (0, 0))
        self.assertEqual(elsewhere.seen, [])


if __name__ == "__main__":
    unittest.main()
