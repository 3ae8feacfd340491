"""Money at the gateway: corrections, reports, price lists, and alerts that are posted."""

import http.client
import json
import pathlib
import signal
import tempfile
import threading
import time
import unittest
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import openai

from gateway import DEADLINE, Gateway, ask, noon, run, until

TOKEN = "admin-secret"

CONFIG = f'timezone = "{noon()}"' + """
[organization]
budget = { id = "org", usd = "100", per = "month" }
[projects.web]
budget = { id = "web", usd = "10", per = "month" }
[projects.app]
[tiers.pro]
default_output_tokens = 100
limits = [ { id = "daily", unit = "tokens", amount = 100_000, per = "day" },
           { id = "each", unit = "requests", amount = 9, per = "day", scope = ["model"] } ]
[keys]
"sk-web" = { user = "wanda", project = "web", tier = "pro" }
"sk-app" = { user = "anton", project = "app", tier = "pro" }
"sk-none" = { user = "nora", tier = "pro" }
"""

WANDA = {"project": "web", "user": "wanda", "tier": "pro"}


def send(gateway, method, path, document=None, token=None):
    """Status, headers and text of a request with a JSON body, or with this text."""
    body = document if isinstance(document, (str, type(None))) else json.dumps(document)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(gateway.url).netloc, timeout=DEADLINE)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def adjust(gateway, document, token=TOKEN):
    status, _, text = send(gateway, "POST", "/quota/adjust", document, token)
    return status, text


class Corrections(unittest.TestCase):
    def setUp(self):
        self.gateway = self.enterContext(Gateway(CONFIG, environment={"QUOTA_ADMIN_TOKEN": TOKEN}))

    def test_dollars_are_taken_and_given_to_the_nano_dollar(self):
        for change, used in [
            ({"debit": "0.000000001"}, "0.000000001"),
            ({"debit": "9.999999998"}, "9.999999999"),
            ('"debit": 0.30', "10.299999999"),
            ('"credit": 0.1', "10.199999999"),
            ({"credit": "10"}, "0.199999999"),
            ({"reset": True}, "0"),
        ]:
            with self.subTest(change=change):
                text = change if isinstance(change, str) else json.dumps(change)[1:-1]
                request = f'{{"subject": {json.dumps(WANDA)}, "limit": "web", {text}}}'
                status, answer = adjust(self.gateway, request)
                self.assertEqual(status, 200, answer)
                self.assertIn(f'"used":{used},', answer)
                self.assertIn(f'"used":{used},', self.gateway.get("/quota/status", "sk-web")[1])

    def test_what_is_taken_is_not_there_for_calls(self):
        status, answer = adjust(self.gateway, {"subject": WANDA, "limit": "daily", "debit": 100_000})
        self.assertEqual((status, json.loads(answer)["remaining"]), (200, 0))
        client, _ = self.gateway.client("sk-web")
        self.addCleanup(client.close)
        with self.assertRaises(openai.RateLimitError):
            ask(client)
        self.assertEqual(adjust(self.gateway, {"subject": WANDA, "limit": "daily", "reset": True})[0], 200)
        ask(client)

    def test_a_limit_that_counts_each_model_is_told_which(self):
        correction = {"subject": WANDA, "limit": "each", "debit": 3}
        status, answer = adjust(self.gateway, correction)
        self.assertEqual((status, json.loads(answer)["error"]["code"]), (400, "model_needed"))
        status, answer = adjust(self.gateway, {**correction, "model": "gpt-4o-2024-08-06"})
        self.assertEqual((status, json.loads(answer)["model"], json.loads(answer)["used"]), (200, "gpt-4o", 3))

    def test_what_is_wrong_is_said_and_changes_nothing(self):
        right = {"subject": WANDA, "limit": "web", "debit": "1"}
        wrong = [
            ("{", "invalid_correction", "no correction"),
            ({**right, "other": 1}, "invalid_correction", "unknown field `other`"),
            ({**right, "subject": {}}, "invalid_correction", "missing field `tier`"),
            ({**right, "credit": "1"}, "invalid_correction", "one of `credit`, `debit`"),
            ({**right, "debit": None}, "invalid_correction", "one of `credit`, `debit`"),
            ({**right, "debit": None, "reset": False}, "invalid_correction", "one of `credit`, `debit`"),
            ({**right, "debit": "-1"}, "invalid_correction", "counts usd: not a plain decimal"),
            ({**right, "debit": "$1"}, "invalid_correction", "counts usd: not a plain decimal"),
            ({**right, "debit": "0.0000000001"}, "invalid_correction", "too fine"),
            ({**right, "debit": "99999999999"}, "invalid_correction", "too large"),
            ({**right, "limit": "daily", "debit": "1.5"}, "invalid_correction", "not a whole number"),
            ({**right, "limit": "daily", "debit": [1]}, "invalid_correction", "not a whole number"),
            ({**right, "limit": "other"}, "unknown_limit", "no limit `other` binds this subject; its limits are org, web, daily, each"),
            ({**right, "subject": {**WANDA, "tier": "other"}}, "unknown_subject", "`other` is not in the policy. Its tiers are pro."),
            ({**right, "subject": {**WANDA, "project": "other"}}, "unknown_subject", "`other` is not in the policy. Its projects are app, web."),
            ("x" * 100_000, "invalid_correction", "cannot be read"),
        ]
        for document, code, said in wrong:
            with self.subTest(document=document if len(str(document)) < 1000 else "long"):
                status, answer = adjust(self.gateway, document)
                error = json.loads(answer)["error"]
                self.assertEqual((status, error["code"]), (400, code), error)
                self.assertIn(said, error["message"])
        self.assertEqual(self.gateway.limits("sk-web")["web"]["used"], 0)

    def test_of_many_names_a_few_are_shown(self):
        projects = "".join(f"[projects.p{number:02}]\n" for number in range(12))
        with Gateway(f"{projects}[tiers.pro]\n", environment={"QUOTA_ADMIN_TOKEN": TOKEN}) as gateway:
            for subject, shown in [({"project": "p99"}, "p08, p09 and 2 more."), ({"project": "p00"}, "its limits are none")]:
                correction = {"subject": {**subject, "tier": "pro"}, "limit": "other", "debit": 1}
                self.assertIn(shown, json.loads(adjust(gateway, correction)[1])["error"]["message"])

    def test_only_the_admin_corrects(self):
        correction = {"subject": WANDA, "limit": "web", "debit": "1"}
        for token in [None, "other", TOKEN[:-1], TOKEN + "x", "sk-web"]:
            status, answer = adjust(self.gateway, correction, token)
            self.assertEqual((status, json.loads(answer)["error"]["code"]), (401, "invalid_admin_token"))
        self.assertEqual(send(self.gateway, "GET", "/quota/adjust", token=TOKEN)[0], 405)
        self.assertEqual(self.gateway.limits("sk-web")["web"]["used"], 0)
        # What these calls had logged is there when this returns.
        self.gateway.answered()
        self.assertNotIn(TOKEN, self.gateway.log())

    def test_without_a_token_there_is_no_correction(self):
        with Gateway(CONFIG) as gateway:
            for token in [None, "", TOKEN]:
                self.assertEqual(adjust(gateway, {}, token)[0], 404)

    def test_the_token_may_stand_elsewhere_and_then_has_to(self):
        arguments = ["--admin-token-env", "OTHER_TOKEN"]
        with Gateway(CONFIG, arguments=arguments, environment={"OTHER_TOKEN": "other"}) as gateway:
            correction = {"subject": WANDA, "limit": "web", "debit": "1"}
            self.assertEqual(adjust(gateway, correction, "other")[0], 200)
            self.assertEqual(adjust(gateway, correction, TOKEN)[0], 401)
        code, _, err = run(*arguments)
        self.assertEqual(code, 2)
        self.assertIn("OTHER_TOKEN is not set", err)


class Reports(unittest.TestCase):
    def test_the_admin_sees_all_and_a_caller_his_own_project(self):
        gateway = self.enterContext(Gateway(CONFIG, environment={"QUOTA_ADMIN_TOKEN": TOKEN}))
        adjust(gateway, {"subject": WANDA, "limit": "web", "debit": "2.5"})
        status, _, text = send(gateway, "GET", "/quota/report", token=TOKEN)
        [organization] = json.loads(text)["organizations"]
        self.assertEqual((status, organization["budget"], organization["unallocated"]), (200, 100, 90))
        self.assertEqual({project["project"] for project in organization["projects"]}, {"web", "app"})
        status, _, text = send(gateway, "GET", "/quota/report", token="sk-web")
        own = json.loads(text)
        self.assertEqual((status, own["project"], own["budget"], own["used"]), (200, "web", 10, 2.5))
        self.assertNotIn("org", text)
        self.assertEqual(send(gateway, "GET", "/quota/report", token="sk-none")[0], 403)
        for token in [None, "sk-other", TOKEN + "x"]:
            self.assertEqual(send(gateway, "GET", "/quota/report", token=token)[0], 401)


class Prices(unittest.TestCase):
    def setUp(self):
        self.file = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory())) / "prices.json"

    def price(self, dollars):
        row = {"input_cost_per_token": 0, "output_cost_per_token": dollars, "litellm_provider": "openai", "mode": "chat"}
        self.file.write_text(json.dumps({"my-model": row}))

    def test_a_list_gives_prices_and_is_read_anew(self):
        self.price(1e-3)
        with Gateway(CONFIG, arguments=["--prices", str(self.file)]) as gateway:
            client, _ = gateway.client("sk-web")
            self.addCleanup(client.close)
            ask(client, model="my-model", max_tokens=100)
            used = gateway.limits("sk-web")["web"]["used"]
            self.assertAlmostEqual(used, 0.1)
            # What the list does not have, is priced as before.
            ask(client, model="gpt-4o", max_tokens=100)
            used = gateway.limits("sk-web")["web"]["used"]
            self.price(2e-3)
            gateway.signal(signal.SIGHUP)
            until("the new prices", lambda: "read anew" in gateway.log())
            ask(client, model="my-model", max_tokens=100)
            self.assertAlmostEqual(gateway.limits("sk-web")["web"]["used"], used + 0.2)
            self.file.write_text("no longer")
            gateway.signal(signal.SIGHUP)
            until("a complaint", lambda: f"{self.file}: " in gateway.log())
            ask(client, model="my-model", max_tokens=1)

    def test_rows_that_give_no_price_are_told_of_in_one_line_at_start(self):
        def told(**rows):
            self.file.write_text(json.dumps({"my-model": {"input_cost_per_token": 0, "output_cost_per_token": 0}, **rows}))
            with Gateway(CONFIG, arguments=["--prices", str(self.file)]) as gateway:
                return [line for line in gateway.log().splitlines() if line.startswith(f"{self.file}: ")]

        self.assertEqual(told(), [])
        misspelt = {"mode": "chat", "input_cost_per_token": 1e-6, "output_costs_per_token": 2e-6}
        reason = "no price for output tokens: `output_costs_per_token` may be a misspelling"
        self.assertEqual(told(a=misspelt), [f"{self.file}: 1 row gives no price: `a` ({reason})"])
        self.assertEqual(
            told(d=misspelt, c=misspelt, b={"input_cost_per_token": -1}, a=5),
            [
                f"{self.file}: 4 rows give no price: `a` (not a JSON object), `b` (input_cost_per_token = -1: "
                f'not a plain decimal amount like "0.15"), `c` ({reason}), …'
            ],
        )

    def test_mistakes_are_told_of_before_rows_that_are_billed_otherwise(self):
        by_the_second = {"mode": "chat", "input_cost_per_second": 1e-3}
        videos = {"mode": "chat", "input_cost_per_video_per_second": 1e-3, "output_cost_per_token": 1e-6}
        prices = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
        rows = {f"a{number}": by_the_second for number in range(50)} | {f"b{number}": videos for number in range(50)}
        rows |= {"x": prices | {"output_cost_per_token": None}, "y": prices | {"mode": "chatt"}, "z": prices}
        self.file.write_text(json.dumps(rows))
        with Gateway(CONFIG, arguments=["--prices", str(self.file)]) as gateway:
            told = [line for line in gateway.log().splitlines() if line.startswith(f"{self.file}: ")]
        self.assertEqual(
            told,
            [
                f"{self.file}: 102 rows give no price: `x` (no price for output tokens), "
                "`y` (`chatt` is no mode such as `chat` or `embedding`), `a0` (no price for tokens), …"
            ],
        )

    def test_no_row_writes_a_line_of_its_own(self):
        rows = {
            "a\nFATAL: a model": {"input_cost_per_token": 1, "output_cost_per_token\nFATAL: a key": 1},
            "b": {"input_cost_per_token": {"FATAL": "a value"}},
            "c": {"input_cost_per_token": 1, "output_cost_per_\u2028\x1btoken": 1},
            "my-model": {"input_cost_per_token": 0, "output_cost_per_token": 0},
        }
        self.file.write_text(json.dumps(rows, indent=0))
        with Gateway(CONFIG, arguments=["--prices", str(self.file)]) as gateway:
            log = gateway.log()
        self.assertFalse([line for line in log.splitlines() if line.startswith(("FATAL", '"FATAL'))], log)
        [told] = [line for line in log.splitlines() if line.startswith(f"{self.file}: ")]
        self.assertIn("`a\\nFATAL: a model` (no price for output tokens: `output_cost_per_token\\nFATAL: a key` is one for something else)", told)
        self.assertIn('`b` (input_cost_per_token = {\\n"FATAL": "a value"\\n}: not a plain', told)
        self.assertIn("`c` (no price for output tokens: `output_cost_per_\\u{2028}\\u{1b}token` may be", told)

    def test_a_list_that_cannot_be_read_is_an_error_at_start(self):
        for text in [None, "", "[]", "{}", "{"]:
            with self.subTest(text=text):
                if text is not None:
                    self.file.write_text(text)
                code, out, err = run("--prices", str(self.file), "--listen", "127.0.0.1:0")
                self.assertEqual((code, out), (2, ""))
                self.assertTrue(err.startswith(f"{self.file}: "), err)


class Receiver:
    """Takes alerts, after answering the first of them with these statuses; `hang` keeps every sender waiting."""

    def __init__(self, statuses=(), hang=False):
        self.seen, self.statuses = [], list(statuses)
        self.reached, self.go_on = threading.Event(), threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.reached.set()
                if hang:
                    receiver.go_on.wait()
                status = receiver.statuses.pop(0) if receiver.statuses else 204
                receiver.seen.append((status, self.path, self.headers["content-type"], json.loads(body)))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook?secret=s3cret"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def taken(self):
        return [alert for status, _, _, alert in self.seen if status < 300]


def alerting(url):
    return f"{CONFIG}\n[alerts]\nwebhook = '{url}'\n"


class Webhook(unittest.TestCase):
    def gateway(self, url):
        environment = {"QUOTA_ADMIN_TOKEN": TOKEN}
        return self.enterContext(Gateway(alerting(url), environment=environment))

    def cross(self, gateway):
        """Half of a project's budget, and three quarters of it."""
        for dollars in ["5", "2.5"]:
            self.assertEqual(adjust(gateway, {"subject": WANDA, "limit": "web", "debit": dollars})[0], 200)

    def test_each_threshold_is_posted_once_also_after_errors(self):
        receiver = self.enterContext(Receiver(statuses=[500, 429]))
        gateway = self.gateway(receiver.url)
        self.cross(gateway)
        until("both alerts", lambda: len(receiver.taken()) == 2)
        first, second = receiver.taken()
        self.assertEqual([status for status, *_ in receiver.seen], [500, 429, 204, 204])
        self.assertTrue(all(path == "/hook?secret=s3cret" for _, path, _, _ in receiver.seen))
        self.assertTrue(all(kind == "application/json" for _, _, kind, _ in receiver.seen))
        self.assertEqual((first["limit"], first["percent"], first["level"]), ("web", 50, "info"))
        self.assertEqual((first["project"], first["used"], first["amount"], first["unit"]), ("web", 5, 10, "usd"))
        self.assertEqual((second["percent"], second["level"]), (75, "warning"))
        until("both failures in the log", lambda: gateway.log().count("the webhook failed") == 2)
        self.assertNotIn("s3cret", gateway.log())

    def test_what_is_refused_for_good_is_not_tried_again(self):
        receiver = self.enterContext(Receiver(statuses=[404]))
        gateway = self.gateway(receiver.url)
        self.cross(gateway)
        until("the second alert", lambda: receiver.taken())
        self.assertEqual([(status, alert["percent"]) for status, _, _, alert in receiver.seen], [(404, 50), (204, 75)])
        until("the reason in the log", lambda: "did not take an alert" in gateway.log())

    def test_a_receiver_that_hangs_or_refuses_delays_no_call(self):
        hanging = self.enterContext(Receiver(hang=True))
        for url in [hanging.url, "http://127.0.0.1:1/nobody"]:
            with self.subTest(url=url):
                gateway = self.gateway(url)
                self.cross(gateway)
                if url == hanging.url:
                    self.assertTrue(hanging.reached.wait(DEADLINE))
                else:
                    until("an attempt", lambda: "the webhook failed" in gateway.log())
                client, _ = gateway.client("sk-web")
                self.addCleanup(client.close)
                began = time.monotonic()
                for _ in range(8):
                    ask(client, max_tokens=5)
                # Less than one attempt of the webhook takes, and it waits for ten seconds.
                self.assertLess(time.monotonic() - began, 8)
                self.assertEqual(hanging.taken(), [])

    def test_what_is_still_to_be_told_is_told_before_it_ends(self):
        receiver = self.enterContext(Receiver(statuses=[500]))
        gateway = self.gateway(receiver.url)
        self.cross(gateway)
        self.assertEqual(gateway.stop(), 0)
        self.assertEqual([alert["percent"] for alert in receiver.taken()], [50, 75])

    def test_another_address_applies_at_once(self):
        first, second = self.enterContext(Receiver()), self.enterContext(Receiver())
        gateway = self.gateway(first.url)
        gateway.config.write_text(alerting(second.url))
        gateway.signal(signal.SIGHUP)
        until("the new file", lambda: "read anew" in gateway.log())
        self.cross(gateway)
        until("both alerts", lambda: len(second.taken()) == 2)
        self.assertEqual(first.seen, [])

    def test_a_wrong_section_is_refused_with_its_line(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "quota.toml"
            for section, line in [
                ("[alerts]\nwebhook = 'nowhere'", 4),
                ("[alerts]\nwebhook = 'ftp://host/s3cret'", 4),
                ("[alerts]\nwebhook = 'https://me:s3cret@host'", 4),
                ("[alerts]\nwebhook = 1", 4),
                ("[alerts]\nemail = 'x'", 4),
                ("[alarms]\nwebhook = 'https://host'", 3),
            ]:
                with self.subTest(section=section):
                    file.write_text(f"[tiers.free]\n\n{section}\n")
                    code, out, err = run("--config", str(file), "--listen", "127.0.0.1:0")
                    self.assertEqual((code, out), (2, ""))
                    self.assertTrue(err.startswith(f"{file}: line {line}: "), err)
                    self.assertNotIn("s3cret", err)

    def test_a_misspelt_section_is_told_what_it_may_be_called(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "quota.toml"
            file.write_text("[tiers.free]\n[alert]\nwebhook = 'https://host'\n")
            code, out, err = run("--config", str(file), "--listen", "127.0.0.1:0")
            self.assertEqual((code, out), (2, ""))
            self.assertTrue(err.startswith(f"{file}: line 2: unknown field `alert`, "), err)
            for known in ["`tiers`", "`alerts`"]:
                self.assertIn(known, err)


if __name__ == "__main__":
    unittest.main()
