"""Small upstreams that do what they are told, and callers that call them through the gateway."""

import http.client
import http.server
import sys
import threading
import time


class Upstream(http.server.ThreadingHTTPServer):
    """Answers each call with the status that the act of its circuit gives for its path. Until `open`
    its port refuses connections, and nobody else gets it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, acts):
        super().__init__(("127.0.0.1", 0), Answer, bind_and_activate=False)
        self.acts = acts
        self.server_bind()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def open(self):
        self.server_activate()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *what):
        # The gateway is killed once, and its connections with it.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*what)


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        circuit = self.path.split("/")[1]
        status = self.server.acts[circuit](self.path)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


def well(_):
    return 200


def sick(_):
    return 500


def limited(_):
    """Decides nothing: the gateway ignores such an answer."""
    return 429


def slow_or_sick(path):
    """One key whose calls fail, one whose calls are slow."""
    if path.endswith("/slow"):
        time.sleep(0.06)
    return 500 if path.endswith("/dead") else 200


def refuses_one(path):
    return 400 if path.endswith("/wrong") else 200


def by_turns(seconds):
    """Sick for so long, then well for so long, and so on."""
    return lambda _: 500 if int(time.monotonic() / seconds) % 2 == 0 else 200


def failing(failures, of):
    """So many failures of so many calls, spread evenly: every stretch of calls has that share."""
    lock, calls = threading.Lock(), [0]

    def act(_):
        with lock:
            calls[0] += 1
            return 500 if calls[0] * failures % of < failures else 200
    return act


class Caller(threading.Thread):
    """Calls a circuit so many times a second, one call after the other, until it is stopped."""

    def __init__(self, gateway, circuit, a_second, paths=("",)):
        super().__init__(daemon=True)
        self.gateway, self.circuit, self.pause, self.paths = gateway, circuit, 1 / a_second, paths
        self.stopped = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway, timeout=10)
        calls = 0
        while not self.stopped.wait(self.pause):
            path = f"/{self.circuit}/{self.paths[calls % len(self.paths)]}"
            calls += 1
            try:
                connection.request("GET", path)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                # The gateway is away for a moment when it is killed: the next call connects anew.
                connection.close()
