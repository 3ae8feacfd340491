"""Two thousand real calls go through the gateway: its books say what they used, to the last token."""

import tempfile
import unittest
from pathlib import Path

import audit
import journal
from calls import policy
from gateway import Gateway
from happened import Happened
from load import Load
from replay import CLIENTS, trace
from upstream import Upstream

TOKEN = "admin-secret"


class Replay(unittest.TestCase):
    def setUp(self):
        self.database = Path(self.enterContext(tempfile.TemporaryDirectory())) / "quota.db"

    def gateway(self, upstream=None):
        arguments = ["--store", f"sqlite:{self.database}"]
        environment = {"QUOTA_ADMIN_TOKEN": TOKEN}
        return Gateway(policy(), upstream, arguments=arguments, log="warn", environment=environment)

    def test_the_books_add_up_to_the_trace(self):
        units = ["requests", "input_tokens", "output_tokens", "usd"]
        used = tuple(sum(call.used(unit) for call in trace()) for unit in units)
        happened = Happened()
        with Upstream(happened) as upstream, self.gateway(upstream.url) as gateway:
            with Load(gateway, trace(), happened, CLIENTS):
                pass
            self.assertEqual(happened.failures(), [])
            self.assertEqual(audit.reported(gateway, TOKEN), used)
            self.assertEqual(gateway.stop(), 0)
        with journal.opened(self.database) as opened:
            for view in journal.VIEWS:
                self.assertEqual(journal.spent(opened, view), used, view)
        with self.gateway() as gateway:
            self.assertEqual(audit.reported(gateway, TOKEN), used)


if __name__ == "__main__":
    unittest.main()
