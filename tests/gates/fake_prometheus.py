"""Something that listens where Prometheus should, for answers that the real one cannot be made to give."""

from __future__ import annotations

import http.server
import json
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.serving import serving

Answer = Callable[[str], bytes]
Form = dict[str, str]
_NOW = 1_800_000_000.0
HEALTHY = {
    "requests": "6000",
    "counted requests": "6",
    "steps with data": "40",
    "recent requests": "1500",
    "newest sample": "1799999960",
    "counter resets": "0",
}


def vector(values: dict[str, str], **more: object) -> bytes:
    """An answer to several questions at once, as Prometheus shapes it."""
    rows = [{"metric": {"dev_hq_question": name}, "value": [_NOW, value]} for name, value in values.items()]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}, **more}).encode()


def clock() -> bytes:
    """The answer to `time()`."""
    data = {"resultType": "scalar", "result": [_NOW, str(_NOW)]}
    return json.dumps({"status": "success", "data": data}).encode()


def slices(form: Form, values: dict[str, list[str]], **more: object) -> bytes:
    """An answer to several questions over time: the values of each, one for each step that the query asks for."""
    start, step = float(form["start"]), float(form["step"])
    rows = [
        {
            "metric": {"dev_hq_question": name},
            "values": [[round(start + step * number, 3), value] for number, value in enumerate(points) if value],
        }
        for name, points in values.items()
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": rows}, **more}).encode()


def evenly(form: Form) -> bytes:
    """Failures that come one by one, in every slice of a window the same."""
    number = round((float(form["end"]) - float(form["start"])) / float(form["step"])) + 1
    return slices(form, {"requests in a slice": ["300"] * number, "counted requests in a slice": ["1"] * number})


@contextmanager
def answering(
    answer: Answer,
    asks_time: Answer = lambda _query: clock(),
    over_time: Callable[[Form], bytes] = evenly,
) -> Iterator[str]:
    """The URL of a server that gives `answer` to every query but `time()`, and `over_time` to those over time."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond(urllib.parse.urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._respond(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _respond(self, form: str) -> None:
            fields = {name: values[0] for name, values in urllib.parse.parse_qs(form).items()}
            query = fields["query"]
            if self.path.split("?")[0].endswith("/query_range"):
                body = over_time(fields)
            else:
                body = (asks_time if query == "time()" else answer)(query)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with serving(Handler) as address:
        yield f"http://{address}"
