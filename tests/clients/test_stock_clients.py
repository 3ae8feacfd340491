"""What every stock client sees of the gateway, whichever API it speaks: PyPI's and npm's, of OpenAI and of Anthropic."""

import unittest

import stock
from gateway import Gateway, noon
from stock import Node, Python, Refused

# A caller of each tier for every test.
CALLERS = range(20)
CONFIG = f'timezone = "{noon()}"' + """
[tiers.free]
models = ["gpt-4o-mini", "gpt-3.5-turbo-instruct", "text-embedding-3-small", "claude-haiku-4-5"]
limits = [ { id = "daily", unit = "tokens", amount = 2_000, per = "day" } ]
[tiers.slow]
limits = [ { id = "rate", unit = "requests", bucket = { capacity = 1, refill = 1, every = "3s" } } ]
[keys]
""" + "\n".join(
    f'"sk-{tier}-{caller}" = {{ user = "{tier}-{caller}", tier = "{tier}" }}'
    for tier in ["free", "slow"]
    for caller in CALLERS
)

# How a refusal is worded: for OpenAI the error's code, for Anthropic its type.
WORDS = {
    "openai": {
        "quota": "insufficient_quota",
        "rate": "rate_limit_exceeded",
        "model": "model_not_allowed",
        "key": "invalid_api_key",
    },
    "anthropic": {
        "quota": "rate_limit_error",
        "rate": "rate_limit_error",
        "model": "permission_error",
        "key": "authentication_error",
    },
}


def word(refused):
    error = refused.body["error"]
    return error["code"] if "code" in error else error["type"]


class Promises:
    """The tests, of one client and one family."""

    client = family = None
    # What an answer under a cap of 8 tokens has.
    spoken = 8

    @classmethod
    def setUpClass(cls):
        cls.gateway = cls.enterClassContext(Gateway(CONFIG))
        cls.callers = iter(CALLERS)

    def setUp(self):
        caller = next(self.callers)
        self.free, self.slow = f"sk-free-{caller}", f"sk-slow-{caller}"
        self.before = len(self.gateway.answered())

    def create(self, key, tokens=8, retries=2, **options):
        request = {"model": self.family.model, **self.family.request(tokens), **options}
        return self.client(self.gateway, key, retries).create(self.family, request)

    def whole(self, key, tokens=8, **options):
        return self.family.of_whole(self.create(key, tokens, **options))

    def refused(self, kind, status, reason, key, **options):
        with self.assertRaises(Refused) as caught:
            self.create(key, **options)
        refused = caught.exception
        self.assertEqual((refused.kind, refused.status), (kind, status), refused)
        if reason is not None:
            self.assertEqual(word(refused), WORDS[self.family.package][reason])
        return refused

    def attempts(self):
        """The statuses that this test's calls got, one for each attempt."""
        answered = self.gateway.answered()[self.before :]
        self.assertEqual({uri for _, uri, _ in answered}, {self.family.path})
        return [status for _, _, status in answered]

    def used(self, key):
        limit = self.gateway.limits(key)["daily"]
        self.assertEqual(limit["held"], 0)
        self.before = len(self.gateway.answered())
        return limit["used"]

    def test_an_answer_is_an_answer(self):
        said, read, spoken = self.whole(self.free)
        self.assertTrue(said)
        self.assertGreater(read, 0)
        self.assertEqual(spoken, self.spoken)
        self.assertEqual(self.attempts(), [200])

    def test_what_an_answer_reports_is_what_is_booked(self):
        _, read, spoken = self.whole(self.free)
        self.assertEqual(self.used(self.free), read + spoken)

    def test_a_spent_quota_is_not_tried_again(self):
        self.whole(self.free, 1_500)
        used = self.used(self.free)
        refused = self.refused("RateLimitError", 429, "quota", self.free, tokens=1_900)
        self.assertEqual(refused.headers["x-should-retry"], "false")
        self.assertNotIn("retry-after", refused.headers)
        self.assertEqual(self.attempts(), [429])
        self.assertEqual(self.used(self.free), used, "a refused call changes nothing")

    def test_a_call_that_never_fits_is_not_tried_again(self):
        self.refused("RateLimitError", 429, "quota", self.free, tokens=5_000)
        self.assertEqual(self.attempts(), [429])

    def test_a_short_wait_is_waited_for(self):
        self.whole(self.slow, retries=5)
        self.whole(self.slow, retries=5)
        # One try too early, and one that waited as it was told; a timer that fires too early adds one.
        self.assertIn(self.attempts(), [[200, 429, 200], [200, 429, 429, 200]])

    def test_a_short_wait_is_a_rate_limit_error_for_who_does_not_wait(self):
        self.whole(self.slow, retries=0)
        refused = self.refused("RateLimitError", 429, "rate", self.slow, retries=0)
        self.assertIn(refused.headers["retry-after"], ["1", "2", "3"])
        self.assertLessEqual(int(refused.headers["retry-after-ms"]), 3_000)
        self.assertEqual(self.attempts(), [200, 429])

    def test_an_unknown_key_is_an_authentication_error(self):
        self.refused("AuthenticationError", 401, "key", "sk-nobody")
        self.assertEqual(self.attempts(), [401])

    def test_a_model_outside_the_tier_is_a_permission_error(self):
        self.refused("PermissionDeniedError", 403, "model", self.free, model=self.family.other_model)
        self.assertEqual(self.attempts(), [403])

    def test_a_broken_request_is_a_bad_request(self):
        self.refused("BadRequestError", 400, None, self.free, **self.family.broken)
        self.assertEqual(self.attempts(), [400])


class StreamPromises(Promises):
    """And of a family that has streams."""

    def streamed(self, key, tokens=8):
        return self.family.of_stream(self.create(key, tokens, **self.family.stream()))

    def test_a_stream_says_the_same_as_a_whole_answer(self):
        self.assertEqual(self.streamed(self.free), self.whole(self.free))
        self.assertEqual(self.attempts(), [200, 200])

    def test_what_a_stream_reports_is_what_is_booked(self):
        _, read, spoken = self.streamed(self.free)
        self.assertEqual(self.used(self.free), read + spoken)

    def test_a_stream_that_is_refused_is_not_tried_again(self):
        self.refused("RateLimitError", 429, "quota", self.free, tokens=5_000, **self.family.stream())
        self.assertEqual(self.attempts(), [429])


class PythonChat(StreamPromises, unittest.TestCase):
    client, family = Python, stock.CHAT


class PythonCompletions(StreamPromises, unittest.TestCase):
    client, family = Python, stock.COMPLETIONS


class PythonResponses(StreamPromises, unittest.TestCase):
    client, family = Python, stock.RESPONSES


class PythonEmbeddings(Promises, unittest.TestCase):
    client, family, spoken = Python, stock.EMBEDDINGS, 0


class PythonMessages(StreamPromises, unittest.TestCase):
    client, family = Python, stock.MESSAGES


class NodeChat(StreamPromises, unittest.TestCase):
    client, family = Node, stock.CHAT


class NodeCompletions(StreamPromises, unittest.TestCase):
    client, family = Node, stock.COMPLETIONS


class NodeResponses(StreamPromises, unittest.TestCase):
    client, family = Node, stock.RESPONSES


class NodeEmbeddings(Promises, unittest.TestCase):
    client, family, spoken = Node, stock.EMBEDDINGS, 0


class NodeMessages(StreamPromises, unittest.TestCase):
    client, family = Node, stock.MESSAGES


if __name__ == "__main__":
    unittest.main()
