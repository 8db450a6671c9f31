"""Mixed load for a long time: valid, corrupt, aborted, slow, oversized and hostile (hostile.py) requests at once.

    python3 Tests/Integration/Load/soak.py [MINUTES]

The first tenth of the time has the ordinary clients alone. Fails if the service ends, if the detections of an image change,
if an invalid request gets another status than its own, if the p99 of ordinary requests among the others is more than twice
what it is alone, if memory in the last quarter is more than 10 % above that of the second or ever exceeds the budgets for
bodies and images by far, or if descriptors leak.
"""

import base64
import json
import random
import signal
import socket
import statistics
import struct
import sys
import threading
import time
from collections import Counter

import hostile
from service import Service, detections, images

MINUTES = float(sys.argv[1]) if len(sys.argv) > 1 else 30
LARGEST = 4 << 20
# Megabytes: 512 for images that are decoded or drawn, 256 for bodies, and the network.
MAX_MEMORY = 900
ORDINARY = {"right", "kept", "several"}


class Soak:
    def __init__(self):
        self.service = Service("--max-body-size", str(LARGEST), "--max-in-flight", "64")
        self.images = images()
        self.expected = [detections(self.post(body)[1]) for body in self.images]
        self.counts = Counter()
        self.faults = []
        self.is_over = threading.Event()
        start = time.monotonic()
        self.alone_until = start + MINUTES * 6
        self.until = start + MINUTES * 60
        # Seconds of ordinary requests: alone, and among the others.
        self.durations = ([], [])

    def is_rejected(self, status):
        """Overload and expired deadlines are valid answers of a busy service."""
        return status in (503, 504)

    def post(self, body, headers={}):
        return self.service.ask("POST", "/detect", body, headers)

    # Each kind of client returns a word to count, or raises a fault.

    def right(self, random):
        index = random.randrange(len(self.images))
        start = time.monotonic()
        status, body = self.post(self.images[index])
        if status == 200:
            self.durations[start >= self.alone_until].append(time.monotonic() - start)
        if self.is_rejected(status):
            return "rejected"
        if status != 200 or detections(body) != self.expected[index]:
            raise AssertionError(f"image {index}: {status} {body[:200]}")
        return "right"

    def kept(self, random):
        connection = self.service.connection()
        for index in random.choices(range(len(self.images)), k=5):
            connection.request("POST", "/detect", self.images[index])
            response = connection.getresponse()
            body = response.read()
            if response.status == 200 and detections(body) != self.expected[index]:
                raise AssertionError(f"image {index} on a kept connection: {body[:200]}")
        connection.close()
        return "kept"

    def several(self, random):
        indices = random.choices(range(len(self.images)), k=3)
        images = [base64.b64encode(self.images[index]).decode() for index in indices]
        status, body = self.post(json.dumps({"images": images}), {"Content-Type": "application/json"})
        if self.is_rejected(status):
            return "rejected"
        for index, result in zip(indices, json.loads(body)["results"], strict=True):
            if "error" in result and self.is_rejected(result["error"]["status"]):
                return "rejected"
            if result.get("detections") != self.expected[index]:
                raise AssertionError(f"several: {status} {result}")
        return "several"

    def corrupt(self, random):
        body = bytearray(random.choice(self.images))
        for _ in range(20):
            body[random.randrange(len(body))] = random.randrange(256)
        status, answer = self.post(bytes(body[: random.randrange(1, len(body))]))
        # A damaged image can still be decodable.
        if status not in (200, 413, 415, 422, 503, 504):
            raise AssertionError(f"corrupt: {status} {answer[:200]}")
        return "corrupt"

    def oversized(self, random):
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as client:
            client.sendall(b"POST /detect HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (LARGEST + 1))
            answer = client.recv(100)
        if not answer.startswith(b"HTTP/1.1 413 "):
            raise AssertionError(f"oversized: {answer}")
        return "oversized"

    def aborted(self, random):
        body = random.choice(self.images)
        client = socket.create_connection(("127.0.0.1", self.service.port), timeout=60)
        client.sendall(b"POST /detect HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
        # Reset in the middle of the body, or while the response is computed.
        client.sendall(body[: random.choice([len(body) // 2, len(body)])])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        time.sleep(0.05)
        return "aborted"

    def slow(self, random):
        body = random.choice(self.images)
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=120) as client:
            client.sendall(b"POST /detect HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body))
            for start in range(0, len(body), len(body) // 20):
                client.sendall(body[start : start + len(body) // 20])
                time.sleep(0.1)
            if not client.recv(100).startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 50")):
                raise AssertionError("slow")
        return "slow"

    def nonsense(self, random):
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=60) as client:
            client.sendall(random.randbytes(200) + b"\r\n\r\n")
            answer = client.recv(100)
        if not answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")):
            raise AssertionError(f"nonsense: {answer}")
        return "nonsense"

    def hostile(self, random):
        attack = random.choice(hostile.CLIENTS)
        try:
            attack(self.service, random)
        except AssertionError as fault:
            raise AssertionError(f"{attack.__name__}: {fault}") from None
        return "hostile"

    def client(self, seed, kinds):
        chance = random.Random(seed)
        if not set(kinds) <= ORDINARY:
            time.sleep(max(0, self.alone_until - time.monotonic()))
        while time.monotonic() < self.until and not self.is_over.is_set():
            kind = chance.choice(kinds)
            try:
                self.counts[getattr(self, kind)(chance)] += 1
            except (AssertionError, KeyError, ValueError) as fault:
                self.faults.append(f"{kind}: {fault!r}")
                self.is_over.set()
            except OSError as error:
                # A rejected client can find its connection reset before it has read the response.
                self.counts[f"{kind}: {type(error).__name__}"] += 1
                if self.service.process.poll() is not None:
                    self.faults.append(f"the service ended with {self.service.process.returncode}")
                    self.is_over.set()

    def run(self):
        crowd = [["right", "kept", "several"]] * 6 + [["corrupt", "oversized", "nonsense"], ["aborted"], ["slow"], ["slow"]]
        crowd += [["hostile"]] * 2
        threads = [threading.Thread(target=self.client, args=(seed, kinds)) for seed, kinds in enumerate(crowd)]
        for thread in threads:
            thread.start()
        samples = []
        while any(thread.is_alive() for thread in threads):
            time.sleep(1)
            if self.service.process.poll() is None:
                samples.append((self.service.memory(), self.service.files()))
        print(dict(self.counts))
        for fault in self.faults:
            print("FAULT", fault)
        if self.faults:
            self.service.process.kill()
            sys.exit(1)
        quarter = len(samples) // 4
        second, last = samples[quarter : 2 * quarter], samples[3 * quarter :]
        memory = [statistics.median(sample[0] for sample in part) for part in (second, last)]
        files = [statistics.median(sample[1] for sample in part) for part in (second, last)]
        time.sleep(1)
        course = [f"{sample[0]:.0f}" for sample in samples[:: max(1, len(samples) // 12)]]
        print("memory over time, MB:", " ".join(course))
        print(f"memory {memory[0]:.1f} -> {memory[1]:.1f} MB, descriptors {files[0]:.0f} -> {files[1]:.0f}, "
              f"in the end {self.service.files()}")
        alone, among = (statistics.quantiles(durations, n=100)[98] * 1000 for durations in self.durations)
        print(f"p99 of ordinary requests: {alone:.0f} ms alone, {among:.0f} ms among the others ({among / alone:.2f}x)")
        self.service.process.send_signal(signal.SIGTERM)
        code = self.service.process.wait(60)
        if among > 2 * alone:
            sys.exit("soak: the others slow ordinary requests down")
        if max(sample[0] for sample in samples) > MAX_MEMORY:
            sys.exit(f"soak: more than {MAX_MEMORY} MB at a time")
        if code != 0 or memory[1] > memory[0] * 1.1 or files[1] > files[0] + 8:
            sys.exit(f"soak: memory or descriptors grew, or the service ended with {code}")
        print("soak: all as it should be")


if __name__ == "__main__":
    Soak().run()
