"""The gateway as a process: its arguments, its signals, what it says of itself."""

import datetime
import json
import pathlib
import signal
import socket
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import openai

from gateway import Gateway, ask, noon, run, until
from provider import Provider


# The same in all policies: in another one another day would run.
ZONE = noon()


def config(amount):
    return f"""timezone = "{ZONE}"
[tiers.free]
limits = [ {{ id = "daily", unit = "tokens", amount = {amount}, per = "day" }} ]
[keys]
"sk-free" = {{ user = "fred", project = "web", organization = "acme", tier = "free" }}
"""


class Arguments(unittest.TestCase):
    def test_help_is_help(self):
        code, out, _ = run("--help")
        self.assertEqual(code, 0)
        self.assertIn("--upstream URL", out)

    def test_what_is_not_understood_is_refused(self):
        wrong = [
            (["--unknown"], "--unknown"),
            (["file.toml"], "file.toml"),
            (["--config"], "--config"),
            (["--listen", "8080"], "HOST:PORT"),
            (["--listen", ":8080"], "HOST:PORT"),
            (["--listen", "localhost:http"], "HOST:PORT"),
            (["--listen", "http://127.0.0.1:8081"], "HOST:PORT"),
            (["--upstream", "api.openai.com"], "http"),
            (["--upstream", "ftp://host"], "http"),
            (["--upstream", "http://me:secret@host"], "UPSTREAM_API_KEY"),
            (["--store", "sqlite:"], "names no file"),
            (["--store", "sqlite"], "names no file"),
            (["--store", "sqlite://quota.db"], "write sqlite:PATH, such as sqlite:quota.db"),
            (["--store", "sqlite:////quota.db"], "write sqlite:PATH"),
            (["--store", "paper"], "sqlite:PATH"),
            (["--store", "127.0.0.1:6379"], "--store 127.0.0.1:6379: write memory"),
            (["--store", "memory", "--store-timeout", "5"], "--store-timeout"),
            (["--store", "redis"], "write redis://HOST:PORT/DB"),
            (["--store", "redis:host"], "write redis://HOST:PORT/DB"),
            (["--store", "redis://host:port"], "write redis://HOST:PORT/DB"),
            (["--store", "rediss://host:port"], "write rediss://HOST:PORT/DB"),
            (["--store", "rediss+sentinel://a"], "write rediss+sentinel://HOST:PORT"),
            (["--store", "redis://a:1,b:2"], "redis+cluster://"),
            (["--store", "redis://a:1,b:2"], "redis+sentinel://"),
            (["--store", "redis+cluster://127.0.0.1:1/2"], "no database but 0"),
            (["--store", "redis://host/first"], "database"),
            (["--store", "redis+cluster://"], "--store redis+cluster"),
            (["--store", "redis+cluster://a,b:port"], "--store redis+cluster"),
            (["--store", "redis+sentinel://a"], "--store redis+sentinel"),
            (["--store-timeout", "0"], "--store-timeout"),
            (["--store-timeout", "1.5"], "--store-timeout"),
            (["--hold-expiry", "an hour"], "--hold-expiry"),
        ]
        for arguments, said in wrong:
            with self.subTest(arguments=arguments):
                code, out, err = run(*arguments)
                self.assertEqual((code, out), (2, ""))
                self.assertIn(said, err)
                self.assertNotIn("unavailable", err)

    def test_a_store_that_is_a_directory_is_called_so_and_left_alone(self):
        with tempfile.TemporaryDirectory() as directory:
            store = pathlib.Path(directory) / "store"
            store.mkdir()
            code, out, err = run("--store", f"sqlite:{store}", "--listen", "127.0.0.1:0")
            self.assertEqual((code, out), (1, ""))
            self.assertIn(f"{store}: is a directory", err)
            self.assertEqual(list(pathlib.Path(directory).iterdir()), [store])

    def test_a_password_in_a_wrong_address_is_not_repeated(self):
        for address in ["redis://me:secret@host:port", "redis+cluster://me:secret@", "paper://me:secret@host", "me:secret@host",
                        "cache.example.net:6380,password=secret,ssl=True", "paper://me:pa?secret@host", "me:secret",
                        "sqlite://me:secret@host"]:
            with self.subTest(address=address):
                code, out, err = run("--store", address)
                self.assertEqual((code, out), (2, ""))
                self.assertNotIn("secret", err)

    def test_a_wrong_policy_is_refused_with_file_and_line(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "quota.toml"
            file.write_text("[tiers.free]\nlimits = [ { unit = 'tokns', amount = 1, per = 'day' } ]\n")
            code, out, err = run("--config", str(file), "--listen", "127.0.0.1:0")
            self.assertEqual((code, out), (2, ""))
            self.assertTrue(err.startswith(f"{file}: line 2: "), err)
            missing = str(file) + ".not"
            code, _, err = run("--config", missing)
            self.assertEqual(code, 2)
            self.assertTrue(err.startswith(f"{missing}: "), err)

    def test_what_redis_cannot_count_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "quota.toml"
            file.write_text(config(2**53))
            code, out, err = run("--config", str(file), "--store", "redis://127.0.0.1")
            self.assertEqual((code, out), (2, ""))
            self.assertTrue(err.startswith(f"{file}: limit `daily`: "), err)

    def test_the_demos_published_keys_spend_nobodys_account(self):
        arguments = ["--upstream", "http://127.0.0.1:1", "--listen", "0.0.0.0:0"]
        code, out, err = run(*arguments, environment={"UPSTREAM_API_KEY": "sk-provider"})
        self.assertEqual((code, out), (2, ""))
        self.assertIn("--config", err)

    def test_what_would_surprise_is_said_at_the_start(self):
        without_keys = "[tiers.free]\nlimits = []\n"
        with Gateway(without_keys, upstream="http://127.0.0.1:1/v1") as gateway:
            self.assertIn("no [keys]", gateway.log())
            self.assertIn("/v1/v1/", gateway.log())

    def test_a_model_that_nobody_knows_is_told_of(self):
        policy = config(9) + """
[aliases]
ours = "our-own-70b"
[tiers.pro]
models = ["gpt-4o-mni", "gpt-4o", "o*", "ours", "our-new-model"]
"""
        misspelt = "tier `pro`: model `gpt-4o-mni` is unknown; did you mean `gpt-4o-mini`?"
        new = "tier `pro`: model `our-new-model` is unknown"

        def told(gateway):
            return [line for line in gateway.log().splitlines() if "is unknown" in line]

        with Gateway(policy) as gateway:
            self.assertEqual(told(gateway), [f"{gateway.config}: {misspelt}"])
            gateway.config.write_text(policy.replace("gpt-4o-mni", "gpt-4o-minni"))
            gateway.signal(signal.SIGHUP)
            until("a complaint", lambda: "model `gpt-4o-minni` is unknown" in gateway.log())
        with tempfile.TemporaryDirectory() as directory:
            prices = pathlib.Path(directory) / "prices.json"
            prices.write_text(json.dumps({"gpt-4o": {"input_cost_per_token": 1, "output_cost_per_token": 1}}))
            with Gateway(policy, arguments=["--prices", str(prices)]) as gateway:
                self.assertEqual(told(gateway), [f"{gateway.config}: {misspelt}", f"{gateway.config}: {new}"])

    def test_without_a_quota_there_is_no_file_for_it(self):
        with Gateway(config(1_000), arguments=["--no-quota"]) as gateway:
            self.assertEqual(list(gateway.config.parent.glob("quota.db*")), [])

    def test_an_address_that_is_taken_is_a_failure(self):
        with Gateway() as gateway:
            code, out, err = run("--listen", gateway.url.removeprefix("http://"))
            self.assertEqual((code, out), (1, ""))
            self.assertIn("in use", err)


class ItsOwnAnswers(unittest.TestCase):
    def test_the_demo_policy_answers_at_once(self):
        with Gateway() as gateway:
            for key, tier in [("sk-demo-free", "free"), ("sk-demo-pro", "pro")]:
                self.assertIn(key, gateway.log())
                client, _ = gateway.client(key)
                self.assertEqual(ask(client, max_tokens=3).usage.completion_tokens, 3)
                status = json.loads(gateway.get("/quota/status", key)[1])
                self.assertEqual(status["subject"]["tier"], tier)
                client.close()
            self.assertIn("built-in model", gateway.log())

    def test_a_caller_sees_his_limits(self):
        with Gateway(config(1_000)) as gateway:
            status = json.loads(gateway.get("/quota/status", "sk-free")[1])
            who = {"organization": "acme", "project": "web", "user": "fred", "tier": "free"}
            self.assertEqual(status["subject"], who)
            [limit] = status["limits"]
            self.assertEqual(limit.pop("resets_at"), midnight())
            figures = {"amount": 1_000, "used": 0, "held": 0, "remaining": 1_000}
            self.assertEqual(
                limit, {"id": "daily", "unit": "tokens", "scope": ["user"], "enforcement": "hard", **figures}
            )
            self.assertEqual(gateway.get("/quota/status")[0], 401)
            self.assertEqual(gateway.get("/quota/status", "sk-nobody")[0], 401)

    def test_a_caller_sees_what_he_used_of_models_that_the_policy_does_not_name(self):
        limits = '{ id = "each", unit = "output_tokens", amount = 90, per = "day", scope = ["user", "model"] }'
        policy = config(1_000).replace("limits = [", f"limits = [ {limits},")
        with Gateway(policy) as gateway:
            client, _ = gateway.client("sk-free")
            ask(client, model="gpt-4o", max_tokens=5)
            client.close()

            def each(query):
                status, text = gateway.get(f"/quota/status{query}", "sk-free")
                self.assertEqual(status, 200, text)
                return [(row["model"], row["used"]) for row in json.loads(text)["limits"] if row["id"] == "each"]

            self.assertEqual(each(""), [])
            self.assertEqual(each("?model=gpt-4o"), [("gpt-4o", 5)])
            self.assertEqual(each("?model=openai%2Fgpt-4o&other=1&model=o3&model=gpt-4o"), [("gpt-4o", 5), ("o3", 0)])
            self.assertEqual(len(each("?" + "&".join(f"model=m-{i}" for i in range(16)))), 16)
            wrong = [("&".join(["model=o3"] * 17), "At most 16"), ("model=", "no name"), ("model=%ff", "no name")]
            for query, message in wrong:
                with self.subTest(query=query):
                    status, text = gateway.get(f"/quota/status?{query}", "sk-free")
                    self.assertEqual(status, 400)
                    self.assertIn(message, json.loads(text)["error"]["message"])
            self.assertEqual(gateway.get("/quota/status?model=", "sk-nobody")[0], 401)

    def test_health_and_metrics_need_no_key(self):
        with Gateway(config(1_000)) as gateway:
            self.assertEqual(gateway.get("/healthz"), (200, "ok"))
            client, _ = gateway.client("sk-free")
            usage = ask(client, max_tokens=5).usage
            client.close()
            code, text = gateway.get("/metrics")
            self.assertEqual(code, 200)
            lines = text.splitlines()
            self.assertIn('token_quota_admitted_total{model="gpt-4o-mini",downgraded="no"} 1', lines)
            self.assertIn('token_quota_tokens_total{model="gpt-4o-mini",kind="output"} 5', lines)
            booked = f'token_quota_tokens_total{{model="gpt-4o-mini",kind="input"}} {usage.prompt_tokens}'
            self.assertIn(booked, lines)

    def test_an_early_refusal_reaches_a_client_who_is_still_sending(self):
        refusals = [
            (b"POST /v1/chat/completions", b"", b"401"),
            (b"POST /v1/unheard-of", b"Authorization: Bearer sk-free\r\n", b"403"),
            (b"POST /v1/chat/completions", b"Authorization: Bearer sk-free\r\nContent-Encoding: br\r\n", b"415"),
        ]
        with Gateway(config(1_000)) as gateway:
            host, port = gateway.url.removeprefix("http://").split(":")
            for line, headers, status in refusals:
                with self.subTest(status=status), socket.create_connection((host, int(port)), 60) as client:
                    length = 4_000_000
                    head = line + b" HTTP/1.1\r\nHost: gateway\r\n" + headers
                    client.sendall(head + b"Content-Length: %d\r\n\r\n" % length)
                    answers = client.makefile("rb")
                    self.assertEqual(read_answer(answers), b"HTTP/1.1 " + status)
                    client.sendall(b"x" * length)
                    client.sendall(b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n")
                    self.assertEqual(read_answer(answers), b"HTTP/1.1 200")
                    answers.close()

    def test_without_the_quota_nothing_is_limited(self):
        with Gateway(config(10), arguments=["--no-quota"]) as gateway:
            client, _ = gateway.client("sk-free")
            answer = ask(client.with_raw_response, max_tokens=100)
            self.assertEqual(answer.parse().usage.completion_tokens, 100)
            self.assertNotIn("x-quota-model", answer.headers)
            client.close()

    def test_unknown_calls_follow_the_file_where_it_has_a_rule(self):
        request = {"data": b"{}", "headers": {"authorization": "Bearer sk-free"}}
        for rule, expected in [("", 403), ("unknown_calls = 'reject'", 403), ("unknown_calls = 'pass'", 404)]:
            with self.subTest(rule=rule), Gateway(f"{rule}\n{config(1_000)}") as gateway:
                with self.assertRaises(urllib.error.HTTPError) as answered:
                    urllib.request.urlopen(urllib.request.Request(f"{gateway.url}/v1/unheard-of", **request))
                with answered.exception as answer:
                    self.assertEqual(answer.code, expected)


class Signals(unittest.TestCase):
    def test_either_signal_ends_it_well(self):
        for number in [signal.SIGTERM, signal.SIGINT]:
            with Gateway(config(1_000)) as gateway:
                client, _ = gateway.client("sk-free")
                ask(client, max_tokens=1)
                gateway.signal(number)
                # The client's connection is still open, and idle.
                self.assertEqual(gateway.ended(), 0)
                self.assertNotIn("could not be settled", gateway.log())
                client.close()

    def test_a_stream_under_way_is_finished_and_settled(self):
        with Provider(pause=True) as provider, Gateway(config(1_000), upstream=provider.url) as gateway:
            said = []
            client, _ = gateway.client("sk-free", max_retries=0)

            def listen():
                for chunk in ask(client, max_tokens=100, stream=True):
                    said.append(chunk.choices[0].delta.content or "")

            listener = threading.Thread(target=listen)
            listener.start()
            self.assertTrue(provider.paused.wait(60))
            until("the first half", lambda: said)
            self.assertGreater(gateway.limits("sk-free")["daily"]["held"], 0)
            gateway.signal(signal.SIGTERM)
            until("no new connection", lambda: refuses(gateway))
            provider.go_on.set()
            self.assertEqual(gateway.ended(), 0)
            listener.join()
            self.assertEqual("".join(said), "Half and half.")
            self.assertIn("stopped", gateway.log())
            self.assertNotIn("could not be settled", gateway.log())
            client.close()

    def test_a_new_policy_applies_and_usage_is_kept(self):
        with Gateway(config(1_000)) as gateway:
            client, _ = gateway.client("sk-free")
            used = ask(client, max_tokens=50).usage.total_tokens
            gateway.config.write_text(config(60))
            gateway.signal(signal.SIGHUP)
            until("the new amount", lambda: gateway.limits("sk-free")["daily"]["amount"] == 60)
            self.assertEqual(gateway.limits("sk-free")["daily"]["used"], used)
            with self.assertRaises(openai.RateLimitError):
                ask(client, max_tokens=50)
            client.close()

    def test_a_wrong_policy_changes_nothing(self):
        with Gateway(config(1_000)) as gateway:
            client, _ = gateway.client("sk-free")
            used = ask(client, max_tokens=5).usage.total_tokens
            gateway.config.write_text(config(0))
            gateway.signal(signal.SIGHUP)
            until("a complaint", lambda: f"{gateway.config}: line 3: " in gateway.log())
            limit = gateway.limits("sk-free")["daily"]
            self.assertEqual((limit["amount"], limit["used"]), (1_000, used))
            client.close()


def midnight():
    """When the day ends there, as UTC."""
    there = datetime.timezone(-datetime.timedelta(hours=int(ZONE.removeprefix("Etc/GMT"))))
    tomorrow = datetime.datetime.now(there).date() + datetime.timedelta(days=1)
    ends = datetime.datetime.combine(tomorrow, datetime.time(), there)
    return ends.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_answer(answers):
    """Reads one answer of a connection, and returns its version and status."""
    line = answers.readline()
    headers = iter(answers.readline, b"\r\n")
    headers = dict(header.lower().split(b": ", 1) for header in headers)
    answers.read(int(headers[b"content-length"]))
    return line[:12]


def refuses(gateway):
    try:
        gateway.get("/healthz")
    except (urllib.error.URLError, ConnectionError):
        return True
    return False


if __name__ == "__main__":
    unittest.main()
