"""The README's calls print what the README says."""

import datetime
import re
import shutil
import subprocess
import unittest

from gateway import ROOT, Gateway

# A shell block, and the block of what it prints, with nothing but blank lines between.
CALL = re.compile(r"```sh\n(curl [^`]*?)```\n\n```text\n(.*?)```", re.DOTALL)


def calls():
    return CALL.findall((ROOT / "README.md").read_text())


def printed(command, url):
    command = command.replace("http://127.0.0.1:8080", url)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    return done.stdout.replace("\r", "").strip() + "\n"


def replay():
    """What a fresh gateway prints for each call, and whether a day ended meanwhile: then daily usage began anew."""
    today = datetime.datetime.now(datetime.UTC).date()
    with Gateway() as gateway:
        seen = [printed(command, gateway.url) for command, _ in calls()]
    return seen, datetime.datetime.now(datetime.UTC).date() != today


class Readme(unittest.TestCase):
    def test_an_admit_a_downgrade_and_a_refusal_print_what_it_says(self):
        self.assertTrue(shutil.which("curl"), "curl is missing: the README's calls are made with it")
        self.assertEqual(len(calls()), 3)
        seen, midnight = replay()
        if midnight:
            seen, _ = replay()
        self.assertEqual(seen, [text for _, text in calls()])


if __name__ == "__main__":
    unittest.main()
