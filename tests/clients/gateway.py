"""The gateway as a process of its own, as people run it."""

import datetime
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.path.abspath(os.environ.get("GATEWAY", str(ROOT / "target/debug/examples/axum_server")))

# How long something may take that is sure to happen. No judgement: a slow machine only makes a failure slower.
DEADLINE = 60


def until(what, happens):
    """Waits for something that takes its time, and returns what it gave."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        seen = happens()
        if seen:
            return seen
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {DEADLINE} s")


def noon():
    """A time zone in which it is about noon: no day ends while a test runs."""
    ahead = 12 - datetime.datetime.now(datetime.UTC).hour
    return f"Etc/GMT{-ahead:+}"


def run(*arguments, environment=()):
    """The gateway where it is expected to end by itself: exit code, stdout, stderr."""
    # Elsewhere: what it keeps, it keeps in the directory that it is started in.
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            [BINARY, *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            cwd=directory,
            env={**os.environ, **dict(environment)},
        )
    return done.returncode, done.stdout, done.stderr


class Gateway:
    """A running gateway on a free port; use it with `with`."""

    def __init__(self, config=None, upstream=None, key="sk-provider", arguments=(), log="info", environment=()):
        self._directory = tempfile.TemporaryDirectory()
        self._marks = 0
        self.config = pathlib.Path(self._directory.name) / "quota.toml"
        command = [BINARY, "--listen", "127.0.0.1:0", *arguments]
        if config is not None:
            self.config.write_text(config)
            command += ["--config", str(self.config)]
        if upstream is not None:
            command += ["--upstream", upstream]
        self._log = open(pathlib.Path(self._directory.name) / "log", "w+")
        environment = {**os.environ, "UPSTREAM_API_KEY": key, "RUST_LOG": log, **dict(environment)}
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment, cwd=self._directory.name
        )

    def __enter__(self):
        ready, _, _ = select.select([self._process.stdout], [], [], DEADLINE)
        self.line = self._process.stdout.readline() if ready else ""
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", self.line)
        if not found:
            self._process.kill()
            raise AssertionError(f"the gateway said {self.line!r} and logged {self.log()!r}")
        self.url = found[1]
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.kill()
        self._process.stdout.close()
        self._log.close()
        self._directory.cleanup()

    def kill(self):
        """SIGKILL: it ends where it stands."""
        self._process.kill()
        self._process.wait()

    def signal(self, number):
        self._process.send_signal(number)

    def stop(self):
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.ended()

    def ended(self):
        return self._process.wait(DEADLINE)

    def log(self):
        return pathlib.Path(self._log.name).read_text()

    def client(self, key, max_retries=2):
        """The stock client, and the list of attempts that it makes."""
        # Only here, so that who needs no client needs no package either.
        import openai

        attempts = []
        transport = openai.DefaultHttpxClient(event_hooks={"request": [attempts.append]})
        client = openai.OpenAI(
            api_key=key, base_url=f"{self.url}/v1", max_retries=max_retries, http_client=transport
        )
        return client, attempts

    def get(self, path, key=None):
        """Status and text of a plain request."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def answered(self):
        """What was asked of the gateway and how it answered, as its log has it: method, path, status."""
        # The log is written aside: what came before this line is there when it is.
        self._marks += 1
        mark = f"/healthz?mark={self._marks}"
        self.get(mark)
        until("the mark in the log", lambda: f"uri={mark} " in self.log())
        lines = re.findall(r"request\{method=(\S+) uri=(\S+) .* answered status=(\d+)", self.log())
        return [(method, uri, int(status)) for method, uri, status in lines if not uri.startswith("/healthz")]

    def limits(self, key):
        """What `/quota/status` says of a caller's limits, by their ids."""
        status, text = self.get("/quota/status", key)
        assert status == 200, text
        return {limit["id"]: limit for limit in json.loads(text)["limits"]}


def ask(client, model="gpt-4o-mini", prompt="Say something.", **options):
    return client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": prompt}], **options
    )
