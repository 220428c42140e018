"""A real S3 server on loopback (moto) that misbehaves on purpose: refuses, fails, stalls, and loses acknowledgements."""

from __future__ import annotations

import random
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec
import s3fs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from segmnist.dataset.object_store import TRIES

BUCKET = "bucket"
READ_TIMEOUT = 2.0

RESPONSES = {
    409: ("409 Conflict", "ConditionalRequestConflict"),
    412: ("412 Precondition Failed", "PreconditionFailed"),
    500: ("500 Internal Server Error", "InternalError"),
    503: ("503 Service Unavailable", "ServiceUnavailable"),
}


class FaultyServer:
    """Answers requests for objects; `faults` names what may go wrong, `rate` how often; the first chance is always taken.

    Below a rate of 1 no object meets more faults than a client has patience for.
    """

    def __init__(self) -> None:
        self.app = DomainDispatcherApplication(create_backend_app)
        self.faults: tuple[int | str, ...] = ()
        self.rate, self.chance = 0.0, random.Random(0)
        self.injected: list[Any] = []
        self.lock = threading.Lock()
        self.by_object: Counter[str] = Counter()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        fault = self._fault(environ)
        if fault in RESPONSES:
            return self._refuse(fault, start_response)
        if fault == "lost":
            # The server does what was asked, and the client never hears of it.
            list(self.app(environ, lambda *_: lambda data: None))
            return self._refuse(500, start_response)
        if fault == "late":
            list(self.app(environ, lambda *_: lambda data: None))
            time.sleep(2 * READ_TIMEOUT)
            return self._refuse(500, start_response)
        return self.app(environ, start_response)

    def _fault(self, environ: Any) -> Any:
        is_object = environ["PATH_INFO"].startswith(f"/{BUCKET}/")
        if not (self.faults and is_object):
            return None
        with self.lock:
            fault = self.chance.choice(self.faults)
            if environ["REQUEST_METHOD"] != "PUT" and fault in (409, 412, "lost", "late"):
                return None
            if self.injected and self.chance.random() >= self.rate:
                return None
            self.by_object[environ["PATH_INFO"]] += 1
            if self.rate < 1 and self.by_object[environ["PATH_INFO"]] >= TRIES:
                return None
            self.injected.append(fault)
            return fault

    def _refuse(self, number: Any, start_response: Any) -> Any:
        status, code = RESPONSES[number]
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
        start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]


@contextmanager
def serving() -> Iterator[Any]:
    """Serve an empty bucket; fsspec's s3:// URLs lead there meanwhile."""
    faulty = FaultyServer()
    server = make_server("127.0.0.1", 0, faulty, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    options = {
        "key": "test", "secret": "test", "endpoint_url": endpoint,
        "config_kwargs": {"read_timeout": READ_TIMEOUT, "retries": {"max_attempts": 1}},
    }  # fmt: skip
    # Buckets live as long as the process does, whatever server shows them.
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).close()
    before = dict(fsspec.config.conf)
    fsspec.config.conf["s3"] = options
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        s3fs.S3FileSystem(**options).mkdir(BUCKET)
        yield faulty
    finally:
        faulty.faults = ()
        fsspec.config.conf.clear()
        fsspec.config.conf.update(before)
        s3fs.S3FileSystem.clear_instance_cache()
        server.shutdown()
