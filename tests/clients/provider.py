"""A provider that notes down what reaches it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Seen:
    """A request as the provider saw it."""

    def __init__(self, handler, body):
        self.method = handler.command
        self.path = handler.path
        self.headers = list(handler.headers.items())
        self.body = body

    def header(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def everything(self):
        return f"{self.method} {self.path} {self.headers}\n".encode() + self.body


class Provider:
    """Speaks chat completions on a free port; use it with `with`.

    `pause`: a stream stops in the middle until `go_on` is set; `paused` says that it got there.
    `hang_up`: the connection is closed when the request has been read.
    `redirect`: every call is sent there instead of being answered.
    `refuse`: every call is answered with this status and document.
    """

    def __init__(self, pause=False, hang_up=False, redirect=None, refuse=None):
        self.seen = []
        self.paused, self.go_on = threading.Event(), threading.Event()
        self.pause, self.hang_up, self.redirect, self.refuse = pause, hang_up, redirect, refuse
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                provider.answer(self)

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler):
        body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
        self.seen.append(Seen(handler, body))
        if self.hang_up:
            handler.close_connection = True
        elif self.redirect:
            handler.send_response(307)
            handler.send_header("location", self.redirect)
            handler.send_header("content-length", "0")
            handler.end_headers()
        elif self.refuse:
            status, document = self.refuse
            respond(handler, document, status)
        elif handler.command == "GET":
            respond(handler, {"object": "list", "data": []})
        elif json.loads(body).get("stream"):
            self.stream(handler, json.loads(body))
        else:
            respond(handler, completion(json.loads(body)["model"]))

    def stream(self, handler, request):
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        send(handler, chunk(request, delta={"role": "assistant", "content": "Half "}))
        if self.pause:
            self.paused.set()
            self.go_on.wait()
        send(handler, chunk(request, delta={"content": "and half."}))
        send(handler, chunk(request, delta={}, finish_reason="stop"))
        if (request.get("stream_options") or {}).get("include_usage"):
            send(handler, {**chunk(request), "choices": [], "usage": USAGE})
        send(handler, "[DONE]")
        handler.wfile.write(b"0\r\n\r\n")


USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


def completion(model):
    message = {"role": "assistant", "content": "Both halves."}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": USAGE,
    }


def chunk(request, **choice):
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": request["model"],
        "choices": [{"index": 0, "finish_reason": None, **choice}],
    }


def respond(handler, document, status=200):
    body = json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", str(len(body)))
    handler.send_header("x-ratelimit-remaining-tokens", "123456789")
    handler.send_header("set-cookie", "who=provider")
    handler.end_headers()
    handler.wfile.write(body)


def send(handler, document):
    text = document if isinstance(document, str) else json.dumps(document)
    event = f"data: {text}\n\n".encode()
    handler.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
    handler.wfile.flush()
