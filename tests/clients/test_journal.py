"""The gateway's journal: what outlives the process, and who may have it."""

import json
import os
import pathlib
import signal
import sqlite3
import tempfile
import threading
import unittest

from gateway import Gateway, ask, noon, run, until
from provider import Provider

CONFIG = f'timezone = "{noon()}"' + """
[projects.web]
budget = { usd = "10", per = "month" }
[tiers.free]
limits = [ { id = "daily", unit = "tokens", amount = 1_000_000, per = "day" } ]
[keys]
"sk-free" = { user = "fred", project = "web", tier = "free" }
"""


class Journal(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.file = self.directory / "usage.db"

    def gateway(self, **options):
        return Gateway(CONFIG, arguments=["--store", f"sqlite:{self.file}"], **options)

    def query(self, query, file=None):
        database = sqlite3.connect(file or self.file)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def spend(self, gateway):
        client, _ = gateway.client("sk-free")
        used = ask(client, max_tokens=20).usage.total_tokens
        client.close()
        return used

    def test_usage_outlives_a_stop_and_a_kill(self):
        used = 0
        for end in [signal.SIGTERM, signal.SIGKILL, signal.SIGTERM]:
            with self.gateway() as gateway:
                self.assertEqual(gateway.limits("sk-free")["daily"]["used"], used)
                used += self.spend(gateway)
                # It is on disk with the next transaction, which no call waits for.
                settled = "select sum(input_tokens + output_tokens) from spend_by_project"
                until("the settlement", lambda: self.query(settled) == [(used,)])
                gateway.signal(end)
                self.assertEqual(gateway.ended(), 0 if end == signal.SIGTERM else -end)

    def test_what_a_kill_interrupts_is_booked_at_its_most_and_marked(self):
        with Provider(pause=True) as provider, self.gateway(upstream=provider.url) as gateway:
            client, _ = gateway.client("sk-free", max_retries=0)

            def listen():
                try:
                    for _ in ask(client, max_tokens=100, stream=True):
                        pass
                except Exception:
                    pass  # The gateway is killed.

            listener = threading.Thread(target=listen)
            listener.start()
            self.assertTrue(provider.paused.wait(60))
            gateway.signal(signal.SIGKILL)
            gateway.ended()
            provider.go_on.set()
            listener.join()
            client.close()
        [(usd,)] = self.query("select usd from open_holds")
        with self.gateway() as gateway:
            self.assertIn("under way when the last gateway ended: 1.", gateway.log())
            [(user, booked)] = self.query("select user, usd from unreconciled_holds")
            self.assertEqual((user, booked), ("fred", usd))
            report = json.loads(gateway.get("/quota/report", "sk-free")[1])
            self.assertAlmostEqual(report["used"], float(usd), places=9)

    def test_a_second_gateway_is_refused_its_file(self):
        with self.gateway() as gateway:
            arguments = ["--store", f"sqlite:{self.file}", "--listen", "127.0.0.1:0"]
            code, out, err = run(*arguments)
            self.assertEqual((code, out), (1, ""))
            self.assertEqual(err.count("\n"), 1, err)
            self.assertIn(f"{self.file}: another process keeps this journal", err)
            self.spend(gateway)

    def test_a_file_that_is_no_journal_of_this_version_is_refused(self):
        with self.gateway() as gateway:
            self.spend(gateway)
            self.assertEqual(gateway.stop(), 0)
        arguments = ["--store", f"sqlite:{self.file}", "--listen", "127.0.0.1:0"]
        self.query("pragma user_version = 99")
        code, _, err = run(*arguments)
        self.assertEqual((code, err.count("\n")), (1, 1))
        self.assertIn("newer version", err)
        self.file.write_text("not a database " * 1000)
        for left in ["-wal", "-shm"]:
            pathlib.Path(f"{self.file}{left}").unlink(missing_ok=True)
        code, _, err = run(*arguments)
        self.assertEqual((code, err.count("\n")), (1, 1))
        self.assertIn("no journal", err)

    def test_a_backup_is_taken_while_the_gateway_runs(self):
        copy = self.directory / "copy.db"
        with self.gateway() as gateway:
            used = self.spend(gateway)
            settled = "select sum(input_tokens + output_tokens) from spend_by_project"
            until("the settlement", lambda: self.query(settled) == [(used,)])
            backup = ["--store", f"sqlite:{self.file}", "--backup", str(copy)]
            self.assertEqual(run(*backup), (0, "", f"{self.file} is copied to {copy}\n"))
            self.spend(gateway)
            code, _, err = run(*backup)
            self.assertEqual(code, 1)
            self.assertIn("exists already", err)
        self.assertEqual(self.query(settled, copy), [(used,)])
        with Gateway(CONFIG, arguments=["--store", f"sqlite:{copy}"]) as gateway:
            self.assertEqual(gateway.limits("sk-free")["daily"]["used"], used)
        code, _, err = run("--store", "memory", "--backup", str(copy))
        self.assertEqual(code, 2)
        self.assertIn("memory", err)

    def test_it_is_kept_in_the_directory_of_the_start_unless_somebody_says_where(self):
        code, _, err = run("--backup", "copy.db")
        self.assertEqual(code, 1)
        self.assertIn("quota.db", err)
        self.assertFalse(os.path.exists("quota.db"))
        with Gateway(CONFIG) as gateway:
            self.assertIn("./quota.db: a new journal", gateway.log())
        with Gateway(CONFIG, arguments=["--store", "memory"]) as gateway:
            self.assertNotIn("quota.db", gateway.log())
            self.spend(gateway)


if __name__ == "__main__":
    unittest.main()
