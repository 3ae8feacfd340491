"""Gemini's API against the built-in model, over plain HTTP: what its clients send, and where they look."""

import json
import unittest
import urllib.error
import urllib.request

from gateway import DEADLINE, Gateway, noon

CONFIG = f'timezone = "{noon()}"' + """
[tiers.free]
models = ["gemini-2.5-flash"]
limits = [ { id = "daily", unit = "tokens", amount = 2_000, per = "day" } ]
[tiers.slow]
limits = [ { id = "rate", unit = "requests", bucket = { capacity = 1, refill = 1, every = "3s" } } ]
[keys]
"sk-free" = { user = "fred", tier = "free" }
"sk-slow" = { user = "sam", tier = "slow" }
"""


class Refused(Exception):
    def __init__(self, status, body, headers):
        super().__init__(f"{status}: {body}")
        self.status, self.body, self.headers = status, body, headers


class Gemini(unittest.TestCase):
    def setUp(self):
        self.gateway = self.enterContext(Gateway(CONFIG))

    def post(self, method="generateContent", tokens=8, model="gemini-2.5-flash", key="sk-free", query="", **config):
        """Content type and text of an answer."""
        config = config or {"maxOutputTokens": tokens}
        body = {
            "contents": [{"role": "user", "parts": [{"text": "Say something."}]}],
            "systemInstruction": {"parts": [{"text": "Be kind."}]},
            "generationConfig": config,
        }
        url = f"{self.gateway.url}/v1beta/models/{model}:{method}{query}"
        headers = {"content-type": "application/json", **({"x-goog-api-key": key} if key else {})}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return answer.headers["content-type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, json.load(error), error.headers) from None

    def whole(self, **options):
        content_type, text = self.post(**options)
        self.assertEqual(content_type, "application/json")
        return json.loads(text)

    def events(self, **options):
        content_type, text = self.post("streamGenerateContent", query="?alt=sse", **options)
        self.assertEqual(content_type, "text/event-stream")
        *events, rest = text.split("\n\n")
        self.assertEqual(rest, "")
        return [json.loads(event.removeprefix("data: ")) for event in events]

    def refused(self, status, word, **options):
        with self.assertRaises(Refused) as caught:
            self.post(**options)
        refused = caught.exception
        self.assertEqual(refused.status, status)
        self.assertEqual((refused.body["error"]["code"], refused.body["error"]["status"]), (status, word))
        return refused

    def used(self):
        limit = self.gateway.limits("sk-free")["daily"]
        self.assertEqual(limit["held"], 0)
        return limit["used"]

    def test_an_answer_is_an_answer(self):
        answer = self.whole()
        [candidate] = answer["candidates"]
        self.assertEqual((candidate["finishReason"], candidate["content"]["role"]), ("MAX_TOKENS", "model"))
        usage = answer["usageMetadata"]
        self.assertEqual(usage["candidatesTokenCount"], 8)
        self.assertEqual(usage["totalTokenCount"], usage["promptTokenCount"] + 8)
        self.assertEqual(self.whole(tokens=1_000)["candidates"][0]["finishReason"], "STOP")

    def test_several_candidates_are_counted_together(self):
        answer = self.whole(maxOutputTokens=8, candidateCount=3)
        self.assertEqual([candidate["index"] for candidate in answer["candidates"]], [0, 1, 2])
        self.assertEqual(answer["usageMetadata"]["candidatesTokenCount"], 24)

    def test_names_in_the_other_style_are_read(self):
        self.assertEqual(self.whole(max_output_tokens=8)["usageMetadata"]["candidatesTokenCount"], 8)

    def test_a_stream_of_events_says_the_same_and_counts_up(self):
        whole, events = self.whole(), self.events()
        self.assertEqual(said(events), said([whole]))
        self.assertEqual(events[-1]["usageMetadata"], whole["usageMetadata"])
        counts = [event["usageMetadata"]["candidatesTokenCount"] for event in events]
        self.assertEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8, 8])
        ends = [event["candidates"][0].get("finishReason") for event in events]
        self.assertEqual(ends, [None] * 8 + ["MAX_TOKENS"])

    def test_without_alt_a_stream_is_one_array(self):
        content_type, text = self.post("streamGenerateContent")
        self.assertEqual(content_type, "application/json")
        self.assertEqual(said(json.loads(text)), said([self.whole()]))

    def test_tokens_are_counted_for_nothing(self):
        count = json.loads(self.post("countTokens")[1])
        self.assertEqual(count["totalTokens"], self.whole()["usageMetadata"]["promptTokenCount"])

    def test_what_is_reported_is_what_is_booked(self):
        total = self.whole()["usageMetadata"]["totalTokenCount"]
        self.assertEqual(self.used(), total)
        self.events()
        self.assertEqual(self.used(), 2 * total)
        self.post("streamGenerateContent")
        self.assertEqual(self.used(), 3 * total)

    def test_a_key_in_the_query_is_a_key(self):
        self.assertTrue(self.whole(key=None, query="?key=sk-free"))

    def test_a_spent_quota_is_refused_in_geminis_words(self):
        self.post(tokens=1_500)
        used = self.used()
        refused = self.refused(429, "RESOURCE_EXHAUSTED", tokens=1_900)
        self.assertNotIn("retry-after", refused.headers)
        self.assertEqual(refused.headers["x-should-retry"], "false")
        self.assertEqual(retry_info(refused), [], "Gemini's clients would wait for it")
        self.refused(429, "RESOURCE_EXHAUSTED", tokens=1_900, method="streamGenerateContent", query="?alt=sse")
        self.assertEqual(self.used(), used)

    def test_a_short_wait_says_how_long_in_geminis_words(self):
        self.post(key="sk-slow")
        refused = self.refused(429, "RESOURCE_EXHAUSTED", key="sk-slow")
        self.assertIn(refused.headers["retry-after"], ["1", "2", "3"])
        [info] = retry_info(refused)
        self.assertRegex(info["retryDelay"], r"^[0-3](\.\d+)?s$")

    def test_other_refusals_are_in_geminis_words(self):
        self.refused(401, "UNAUTHENTICATED", key="sk-nobody")
        self.refused(403, "PERMISSION_DENIED", model="gemini-2.5-pro")

    def test_a_broken_request_is_an_invalid_argument(self):
        self.refused(400, "INVALID_ARGUMENT", tokens="many")


def said(chunks):
    parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
    return "".join(part["text"] for part in parts)


def retry_info(refused):
    details = refused.body["error"].get("details", [])
    return [detail for detail in details if detail["@type"] == "type.googleapis.com/google.rpc.RetryInfo"]


if __name__ == "__main__":
    unittest.main()
