"""Speed of the explorer: from request to reply with 1 and 20 viewers, from command to first clip, bytes per clip.

python benchmarks/explore.py
"""

from __future__ import annotations

import argparse
import http.client
import subprocess
import sys
import threading
import time

import numpy as np

import history

REQUESTS = 200
PATHS = {
    "clip": "/clip.bin?clip={}",
    "clip with flow": "/clip.bin?clip={}&layers=flow",
    "wall": "/wall.bin?start={}00",
}


def start() -> tuple[subprocess.Popen[str], int, float]:
    """Return the server's process, its port, and the seconds from the command to the first clip."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "segmnist", "explore", "--no-open", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    port = int(server.stdout.readline().split("127.0.0.1:")[1].split("/")[0])
    while True:
        try:
            ask(http.client.HTTPConnection("127.0.0.1", port), PATHS["clip"].format(0))
            return server, port, time.perf_counter() - began
        except ConnectionRefusedError:
            time.sleep(0.005)


def ask(connection: http.client.HTTPConnection, path: str) -> int:
    connection.request("GET", path)
    reply = connection.getresponse()
    assert reply.status == 200
    return len(reply.read())


def measure(port: int, path: str, viewers: int, requests: int) -> tuple[np.ndarray, int]:
    """Return the milliseconds of every request, and the median bytes of a reply."""
    times: list[float] = []
    sizes: list[int] = []

    def view(viewer: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for number in range(requests // viewers):
            began = time.perf_counter()
            sizes.append(ask(connection, path.format(viewer * 1000 + number)))
            times.append(1e3 * (time.perf_counter() - began))

    threads = [threading.Thread(target=view, args=(viewer,)) for viewer in range(viewers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(times), int(np.median(sizes))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    history.add_option(parser)
    arguments = parser.parse_args()
    seconds = min(measured[2] for measured in (stopped(start()) for _ in range(3)))
    print(f"command to first clip (kernels compiled, best of 3): {seconds:.2f} s")
    measures = {"command to first clip, s": seconds}
    server, port, _ = start()
    try:
        for name, path in PATHS.items():
            measure(port, path, 1, 3)
            for viewers in (1, 20):
                requests = REQUESTS if name != "wall" else 20
                times, size = measure(port, path, viewers, requests)
                p50, p99 = np.percentile(times, [50, 99])
                measures |= {
                    f"{name}, {viewers} viewers, p50 ms": p50,
                    f"{name}, {viewers} viewers, p99 ms": p99,
                }
                print(f"{name}, {viewers} viewers: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {size:,} bytes")
    finally:
        server.terminate()
    history.record("explore", measures, arguments.history)


def stopped(started: tuple[subprocess.Popen[str], int, float]) -> tuple[subprocess.Popen[str], int, float]:
    started[0].terminate()
    started[0].wait()
    return started


if __name__ == "__main__":
    main()
