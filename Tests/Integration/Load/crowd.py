"""Measures how idle and slow connections affect others, and the service against the pipeline in one process.

    python3 Tests/Integration/Load/crowd.py [ROUNDS]

Sixteen wrk connections send an image, in turns alone and with 500 idle and 50 slow connections; `yolox bench --image` runs the
same image in between. Prints medians. Fails if a request does; needs wrk, python3 and ../shared.
"""

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from service import ROOT, Service, images

sys.path.append(str(ROOT / "Benchmarks/service"))
from wrk import load

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 3
IDLE, SLOW, CONNECTIONS, SECONDS = 500, 50, 16, 6


class Crowd:
    """Idle connections after a first response, and connections that never finish a body."""

    def __init__(self, port):
        self.port, self.is_over = port, False
        self.idle = [self.connect() for _ in range(IDLE)]
        for connection in self.idle:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                sys.exit("an idle connection was not accepted")
        self.drip = threading.Thread(target=self.keep_dripping)
        self.drip.start()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def keep_dripping(self):
        slow = [None] * SLOW
        while not self.is_over:
            for index, connection in enumerate(slow):
                try:
                    if connection is None:
                        slow[index] = self.connect()
                        slow[index].sendall(b"POST /detect HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
                    else:
                        connection.sendall(b"x")
                except OSError:
                    # The service closed it; open the next one.
                    slow[index] = None
            time.sleep(0.2)
        for connection in filter(None, slow):
            connection.close()

    def leave(self):
        self.is_over = True
        self.drip.join()
        for connection in self.idle:
            connection.close()


def loaded(service, image):
    """Requests per second, p50 and p99 in milliseconds."""
    result = load(f"http://127.0.0.1:{service.port}/detect", image, "image/jpeg", CONNECTIONS, SECONDS)
    if result["errors"]:
        sys.exit(f"{result['errors']:.0f} requests failed")
    return result["images/s"], result["p50 ms"], result["p99 ms"]


def pipeline(image):
    """Images per second, one at a time, in one process on all processors."""
    output = subprocess.check_output(
        [ROOT / ".build/release/yolox", "bench", "--weights", "yolox-nano", "--image", image, "--runs", "150", "--json"],
        cwd=ROOT, text=True)  # fmt: skip
    return 1000 / json.loads(output)["medianMilliseconds"]


def main():
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(images(1)[0])
        file.flush()
        rates, alone, crowded = [], [], []
        for _ in range(ROUNDS):
            rates.append(pipeline(file.name))
            service = Service()
            loaded(service, file.name)
            alone.append(loaded(service, file.name))
            crowd = Crowd(service.port)
            crowded.append(loaded(service, file.name))
            crowd.leave()
            service.process.terminate()
            if service.process.wait(60):
                sys.exit("the service did not stop as it should")
    rate = statistics.median(rates)
    print(f"in process, one after the other: {rate:.0f} images/s")
    names = (f"{CONNECTIONS} connections", f"beside {IDLE} idle and {SLOW} slow ones")
    for name, rows in zip(names, (alone, crowded)):
        throughput, p50, p99 = (statistics.median(column) for column in zip(*rows))
        print(f"{name}: {throughput:.0f} images/s, {throughput / rate:.2f} of that; p50 {p50:.0f} ms, p99 {p99:.0f} ms,"
              f" {p99 / p50:.2f} times p50")  # fmt: skip
    print(f"p50 moves by {100 * statistics.median(b[1] / a[1] - 1 for a, b in zip(alone, crowded)):+.0f} %")


main()
