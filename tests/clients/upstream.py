"""A provider that bills what each call asks to be billed, and notes what it served."""

import json
import sys

from provider import Provider, chunk, completion, respond, send


class Upstream(Provider):
    """A call says in its `user` which one it is, and the tokens that it takes: `id/input/output`.

    It is over when all of its connections are: leave `with` when the gateway has ended, and nothing will be served any more.
    """

    def __init__(self, happened):
        super().__init__()
        self._happened = happened
        self._server.daemon_threads = False
        self._server.handle_error = broken
        self._server.RequestHandlerClass.disable_nagle_algorithm = True

    def answer(self, handler):
        request = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        id, *tokens = map(int, request["user"].split("/"))
        # From here on it is billed, whoever is still there to be told.
        self._happened.note("served", id)
        try:
            tell(handler, request, *tokens)
        except OSError:
            handler.close_connection = True


def broken(request, address):
    """A gateway that is killed leaves broken connections, and these are expected."""
    if not isinstance(sys.exception(), OSError):
        raise


def tell(handler, request, input, output):
    usage = {"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output}
    if not request["stream"]:
        return respond(handler, {**completion(request["model"]), "usage": usage})
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    send(handler, chunk(request, delta={"role": "assistant", "content": "Half "}))
    send(handler, chunk(request, delta={"content": "and half."}, finish_reason="stop"))
    send(handler, {**chunk(request), "choices": [], "usage": usage})
    send(handler, "[DONE]")
    handler.wfile.write(b"0\r\n\r\n")
