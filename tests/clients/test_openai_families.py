"""The stock OpenAI client's other APIs against the built-in model: what is particular to each."""

import unittest

import openai

from gateway import Gateway, noon

CONFIG = f'timezone = "{noon()}"' + """
[tiers.free]
limits = [ { id = "daily", unit = "tokens", amount = 100_000, per = "day" } ]
[aliases]
"our-fast-one" = "gpt-4o-mini"
"our-vectors" = "text-embedding-3-small"
[keys]
"sk-free" = { user = "fred", tier = "free" }
"""

# In this order; the text comes in as many pieces as it has tokens.
EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    *["response.output_text.delta"] * 8,
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
]


class OpenAiFamily(unittest.TestCase):
    def setUp(self):
        self.gateway = self.enterContext(Gateway(CONFIG))
        self.client, _ = self.gateway.client("sk-free")
        self.addCleanup(self.client.close)

    def used(self):
        limit = self.gateway.limits("sk-free")["daily"]
        self.assertEqual(limit["held"], 0)
        return limit["used"]


class Completions(OpenAiFamily):
    def complete(self, prompt, **options):
        return self.client.completions.create(model="gpt-3.5-turbo-instruct", prompt=prompt, **options)

    def test_every_kind_of_prompt_is_read(self):
        prompts = [("One two", 1, 2), (["One two", "three"], 2, 3), ([1, 2, 3], 1, 3), ([[1, 2], [3]], 2, 3)]
        for prompt, number, tokens in prompts:
            with self.subTest(prompt=prompt):
                answer = self.complete(prompt, max_tokens=4, n=2)
                self.assertEqual([choice.index for choice in answer.choices], list(range(2 * number)))
                self.assertEqual(answer.usage.prompt_tokens, tokens)
                self.assertEqual(answer.usage.completion_tokens, 4 * 2 * number)

    def test_an_answer_without_a_cap_has_openais_default(self):
        answer = self.complete("Once upon a time")
        self.assertEqual((answer.usage.completion_tokens, answer.choices[0].finish_reason), (16, "length"))

    def test_a_stream_ends_every_answer(self):
        chunks = list(self.complete(["One", "two"], max_tokens=4, stream=True))
        ends = [choice.index for chunk in chunks for choice in chunk.choices if choice.finish_reason == "length"]
        self.assertEqual(ends, [0, 1])


class Responses(OpenAiFamily):
    def respond(self, **options):
        return self.client.responses.create(model="gpt-4o-mini", input="Say something.", **options)

    def test_an_answer_that_ends_by_itself_is_complete(self):
        answer = self.respond()
        self.assertEqual((answer.status, answer.incomplete_details), ("completed", None))
        self.assertTrue(answer.output_text.endswith("."))

    def test_an_answer_that_is_cut_is_incomplete(self):
        answer = self.respond(max_output_tokens=8)
        self.assertEqual((answer.status, answer.incomplete_details.reason), ("incomplete", "max_output_tokens"))

    def test_a_stream_has_all_events_of_a_real_one_in_order(self):
        events = list(self.respond(max_output_tokens=8, stream=True))
        self.assertEqual([event.type for event in events], [*EVENTS, "response.incomplete"])
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
        whole = self.respond(max_output_tokens=8)
        self.assertEqual(events[-1].response.output_text, whole.output_text)
        self.assertEqual(events[-1].response.usage, whole.usage)

    def test_a_whole_stream_ends_completed(self):
        with self.client.responses.stream(model="gpt-4o-mini", input="Say something.") as stream:
            answer = stream.get_final_response()
        self.assertEqual(answer.status, "completed")
        self.assertEqual(answer.output_text, self.respond().output_text)

    def test_an_answer_in_the_background_is_asked_for_again(self):
        queued = self.respond(max_output_tokens=2_000, background=True)
        self.assertEqual((queued.status, queued.usage, queued.output), ("queued", None, []))
        for _ in range(2):
            answer = self.client.responses.retrieve(queued.id)
            self.assertEqual(answer.status, "completed")
            self.assertGreater(answer.usage.output_tokens, 100)

    def test_an_answer_in_the_background_is_booked_when_it_is_known(self):
        queued = self.respond(max_output_tokens=2_000, background=True)
        self.assertGreaterEqual(self.used(), 2_000, "the whole reservation, until more is known")
        for _ in range(2):
            answer = self.client.responses.retrieve(queued.id)
            self.assertEqual(self.used(), answer.usage.total_tokens)

    def test_an_answer_that_nobody_knows_is_not_found(self):
        with self.assertRaises(openai.NotFoundError):
            self.client.responses.retrieve("resp_unheard-of")

    def test_tokens_are_counted_for_nothing(self):
        count = self.client.responses.input_tokens.count(model="gpt-4o-mini", input="Say something.")
        self.assertEqual(count.input_tokens, self.respond().usage.input_tokens)


class Embeddings(OpenAiFamily):
    def embed(self, text, **options):
        options = {"model": "text-embedding-3-small", **options}
        return self.client.embeddings.create(input=text, **options)

    def test_every_kind_of_input_is_read(self):
        inputs = [("One two", 1, 2), (["One two", "three"], 2, 3), ([1, 2, 3], 1, 3), ([[1, 2], [3]], 2, 3)]
        for text, number, tokens in inputs:
            with self.subTest(text=text):
                answer = self.embed(text)
                self.assertEqual([item.index for item in answer.data], list(range(number)))
                self.assertEqual(answer.usage.prompt_tokens, tokens)

    def test_a_vector_is_the_same_in_either_encoding(self):
        # Left to itself the client asks for base64, and decodes it.
        decoded = self.embed("One").data[0].embedding
        self.assertEqual(decoded, self.embed("One", encoding_format="float").data[0].embedding)
        self.assertEqual(len(decoded), 1_536)
        self.assertEqual(sum(number * number for number in decoded), 1)
        self.assertIsInstance(self.embed("One", encoding_format="base64").data[0].embedding, str)

    def test_a_vector_has_as_many_dimensions_as_are_asked_for(self):
        for options, dimensions in [({"dimensions": 7}, 7), ({"model": "text-embedding-3-large"}, 3_072)]:
            self.assertEqual(len(self.embed("One", **options).data[0].embedding), dimensions)

    def test_dimensions_that_no_model_has_are_a_bad_request(self):
        for dimensions in [0, 1_000_000]:
            with self.assertRaises(openai.BadRequestError):
                self.embed("One", dimensions=dimensions)


class Azure(OpenAiFamily):
    """Deployments: the model stands in the path, under a name of its owner's."""

    def setUp(self):
        super().setUp()
        self.azure = openai.AzureOpenAI(
            api_key="sk-free", azure_endpoint=self.gateway.url, api_version="2024-10-21"
        )
        self.addCleanup(self.azure.close)

    def test_chats_are_answered(self):
        answer = self.azure.chat.completions.create(
            model="our-fast-one", max_tokens=8, messages=[{"role": "user", "content": "Say something."}]
        )
        self.assertEqual((answer.model, answer.usage.completion_tokens), ("our-fast-one", 8))

    def test_completions_are_answered(self):
        answer = self.azure.completions.create(model="our-fast-one", prompt="Once", max_tokens=8)
        self.assertEqual((answer.model, answer.usage.completion_tokens), ("our-fast-one", 8))

    def test_embeddings_are_answered(self):
        answer = self.azure.embeddings.create(model="our-vectors", input="One two")
        self.assertEqual((answer.model, answer.usage.prompt_tokens), ("our-vectors", 2))

    def test_responses_are_answered(self):
        answer = self.azure.responses.create(model="our-fast-one", input="Say something.", max_output_tokens=8)
        self.assertEqual(answer.usage.output_tokens, 8)

    def test_what_is_reported_is_what_is_booked(self):
        chat = self.azure.chat.completions.create(
            model="our-fast-one", max_tokens=8, messages=[{"role": "user", "content": "Say something."}]
        )
        vectors = self.azure.embeddings.create(model="our-vectors", input="One two")
        self.assertEqual(self.used(), chat.usage.total_tokens + vectors.usage.total_tokens)


if __name__ == "__main__":
    unittest.main()
