"""Parallel calls to a gateway that may die under them."""

import http.client
import json
import threading
import urllib.parse

from gateway import DEADLINE


class Load:
    """So many clients, each with a connection of its own, take call after call until there is none or the gateway is gone."""

    def __init__(self, gateway, calls, happened, clients):
        self._address = urllib.parse.urlsplit(gateway.url).netloc
        self._calls, self._next, self._happened = iter(calls), threading.Lock(), happened
        self._clients = [threading.Thread(target=self._client) for _ in range(clients)]

    def __enter__(self):
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, error, *_):
        if error:
            with self._next:
                self._calls = iter(())
        for client in self._clients:
            client.join()

    def _client(self):
        connection = http.client.HTTPConnection(self._address, timeout=DEADLINE)
        try:
            while call := self._take():
                answered(connection, call)
                self._happened.note("ended", call.id)
        except (OSError, http.client.HTTPException, Refused) as error:
            self._happened.note("failed", f"call {call.id}: {error!r}")
        finally:
            connection.close()

    def _take(self):
        with self._next:
            call = next(self._calls, None)
            if call:
                self._happened.note("sent", call.id)
            return call


class Refused(Exception):
    """Another answer than the model's."""


def answered(connection, call):
    """Makes a call, and reads its answer to the end."""
    headers = {"authorization": f"Bearer {call.caller.key}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(call.request()), headers)
    response = connection.getresponse()
    text = response.read().decode(errors="replace")
    if response.status != 200:
        raise Refused(f"{response.status} {text}")
    if call.stream and not text.endswith("data: [DONE]\n\n"):
        raise Refused(f"a stream without its end: {text}")
