"""The stock OpenAI client against the gateway and its built-in model."""

import unittest

import openai

from gateway import Gateway, ask, noon

CONFIG = f'timezone = "{noon()}"' + """
[tiers.free]
models = ["gpt-4o-mini"]
limits = [ { id = "daily", unit = "tokens", amount = 2_000, per = "day" } ]
[tiers.slow]
limits = [ { id = "rate", unit = "requests", bucket = { capacity = 1, refill = 1, every = "3s" } } ]
[tiers.pro]
ladder = ["gpt-4.1-mini"]
limits = [ { id = "large", unit = "tokens", amount = 1_000, per = "day", models = ["gpt-4o"], on_exhausted = "downgrade" } ]
[keys]
"sk-free" = { user = "fred", tier = "free" }
"sk-other" = { user = "olga", tier = "free" }
"sk-slow" = { user = "sam", tier = "slow" }
"sk-pro" = { user = "pia", tier = "pro" }
"""


class OpenAiClient(unittest.TestCase):
    def setUp(self):
        self.gateway = self.enterContext(Gateway(CONFIG))

    def client(self, key, **options):
        client, attempts = self.gateway.client(key, **options)
        self.addCleanup(client.close)
        return client, attempts

    def used(self, key, limit="daily"):
        limit = self.gateway.limits(key)[limit]
        self.assertEqual(limit["held"], 0)
        return limit["used"]

    def test_an_answer_is_an_answer(self):
        client, attempts = self.client("sk-free")
        answer = ask(client, max_tokens=8)
        self.assertEqual(answer.model, "gpt-4o-mini")
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertEqual(answer.usage.completion_tokens, 8)
        self.assertEqual(len(attempts), 1)
        self.assertEqual(self.used("sk-free"), answer.usage.total_tokens)

    def test_an_answer_without_a_cap_comes_to_its_own_end(self):
        client, _ = self.client("sk-free")
        answer = ask(client)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertGreater(answer.usage.completion_tokens, 100)
        self.assertEqual(self.used("sk-free"), answer.usage.total_tokens)

    def test_several_answers_are_billed_together(self):
        client, _ = self.client("sk-free")
        answer = ask(client, max_completion_tokens=8, n=3)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])
        self.assertEqual(answer.usage.completion_tokens, 24)

    def test_a_stream_says_the_same_as_a_whole_answer(self):
        client, _ = self.client("sk-free")
        whole = ask(client, max_tokens=8)
        chunks = list(ask(client, max_tokens=8, stream=True))
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        self.assertEqual(said, whole.choices[0].message.content)
        self.assertEqual(chunks[-1].choices[0].finish_reason, "length")
        # Usage was asked for on the caller's behalf, and is not shown to him.
        self.assertTrue(all(chunk.usage is None for chunk in chunks))
        self.assertEqual(self.used("sk-free"), 2 * whole.usage.total_tokens)

    def test_a_stream_with_usage_shows_it_once(self):
        client, _ = self.client("sk-free")
        chunks = list(ask(client, max_tokens=8, stream=True, stream_options={"include_usage": True}))
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual([chunk.usage is None for chunk in chunks[:-1]], [True] * (len(chunks) - 1))
        self.assertEqual(self.used("sk-free"), chunks[-1].usage.total_tokens)

    def test_a_spent_quota_is_a_rate_limit_error_and_is_not_tried_again(self):
        client, attempts = self.client("sk-free")
        answered = 0
        with self.assertRaises(openai.RateLimitError) as refused:
            while True:
                answered += ask(client, max_tokens=200).usage.total_tokens
        self.assertGreater(answered, 1_000)
        self.assertEqual(refused.exception.code, "insufficient_quota")
        self.assertEqual(self.used("sk-free"), answered)
        attempts.clear()
        for options in [{}, {"stream": True}]:
            with self.assertRaises(openai.RateLimitError):
                ask(client, max_tokens=1_500, **options)
        self.assertEqual([retry_count(attempt) for attempt in attempts], ["0", "0"])
        self.assertEqual(self.used("sk-free"), answered, "a refused call changes nothing")
        self.assertEqual(self.used("sk-other"), 0, "and nobody else")

    def test_a_call_that_never_fits_is_not_tried_again(self):
        client, attempts = self.client("sk-free")
        with self.assertRaises(openai.RateLimitError) as refused:
            ask(client, max_tokens=5_000)
        self.assertEqual(refused.exception.code, "insufficient_quota")
        self.assertEqual(len(attempts), 1)

    def test_a_short_wait_is_waited_for(self):
        client, attempts = self.client("sk-slow", max_retries=5)
        for _ in range(2):
            self.assertEqual(ask(client, max_tokens=1).usage.completion_tokens, 1)
        # The bucket had room for the first call only; another one's worth comes in every three seconds.
        self.assertEqual([retry_count(attempt) for attempt in attempts][:3], ["0", "0", "1"])

    def test_a_short_wait_is_a_rate_limit_error_for_who_does_not_wait(self):
        client, attempts = self.client("sk-slow", max_retries=0)
        ask(client, max_tokens=1)
        with self.assertRaises(openai.RateLimitError) as refused:
            ask(client, max_tokens=1)
        self.assertEqual(refused.exception.code, "rate_limit_exceeded")
        headers = refused.exception.response.headers
        self.assertIn(headers["retry-after"], ["1", "2", "3"])
        self.assertLessEqual(int(headers["retry-after-ms"]), 3_000)
        self.assertEqual(len(attempts), 2)

    def test_an_unknown_key_is_an_authentication_error(self):
        client, attempts = self.client("sk-nobody")
        with self.assertRaises(openai.AuthenticationError):
            ask(client)
        with self.assertRaises(openai.AuthenticationError):
            client.models.list()
        self.assertEqual(len(attempts), 2)

    def test_a_model_outside_the_tier_is_a_permission_error(self):
        client, attempts = self.client("sk-free")
        with self.assertRaises(openai.PermissionDeniedError) as refused:
            ask(client, model="gpt-4o")
        self.assertEqual(refused.exception.code, "model_not_allowed")
        self.assertEqual(len(attempts), 1)

    def test_a_call_that_cannot_be_metered_is_refused(self):
        client, _ = self.client("sk-free")
        with self.assertRaises(openai.PermissionDeniedError):
            client.images.generate(model="gpt-image-1", prompt="A bill")

    def test_a_broken_request_is_a_bad_request(self):
        client, _ = self.client("sk-free")
        with self.assertRaises(openai.BadRequestError):
            ask(client, max_tokens="many")

    def test_a_downgrade_can_be_seen(self):
        client, _ = self.client("sk-pro")
        first = ask(client.with_raw_response, model="gpt-4o", max_tokens=16)
        self.assertEqual(first.headers["x-quota-model"], "gpt-4o")
        self.assertNotIn("x-quota-downgraded-from", first.headers)
        second = ask(client.with_raw_response, model="gpt-4o", max_tokens=1_000)
        self.assertEqual(second.headers["x-quota-model"], "gpt-4.1-mini")
        self.assertEqual(second.headers["x-quota-downgraded-from"], "gpt-4o")
        self.assertEqual(second.parse().model, "gpt-4.1-mini")
        self.assertEqual(self.used("sk-pro", "large"), first.parse().usage.total_tokens)

    def test_headers_say_what_is_left_on_streams_too(self):
        client, _ = self.client("sk-free")
        for stream in [False, True]:
            before = self.gateway.limits("sk-free")["daily"]["remaining"]
            answer = ask(client.with_raw_response, max_tokens=50, stream=stream)
            self.assertEqual(answer.headers["x-ratelimit-limit-tokens"], "2000")
            left = int(answer.headers["x-ratelimit-remaining-tokens"])
            self.assertLessEqual(left, before - 50)
            list(answer.parse()) if stream else answer.parse()

    def test_models_are_listed(self):
        client, _ = self.client("sk-free")
        self.assertIn("gpt-4o-mini", [model.id for model in client.models.list()])


def retry_count(attempt):
    return attempt.headers["x-stainless-retry-count"]


if __name__ == "__main__":
    unittest.main()
