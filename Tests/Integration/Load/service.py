"""Starts `yolox serve` and asks it things. Shared by the load tests of this folder; the standard library is enough."""

import http.client
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared"


def images(count=12):
    """Some of COCO's, small and large."""
    found = [SHARED / "images/dog.jpg", *sorted((SHARED / "coco/val2017").glob("*.jpg"))[: count - 1]]
    if not found[0].exists():
        sys.exit(f"needs images in {SHARED}")
    return [path.read_bytes() for path in found]


class Service:
    def __init__(self, *options, port=0):
        self.log = open("/tmp/yolox-load.log", "w+b")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [ROOT / ".build/release/yolox", "serve", "--port", str(port), "--log-level", "warning", *options],
            stdout=self.log, stderr=self.log, cwd=ROOT)
        self.pid = self.process.pid
        self.port = port or self.chosen_port()
        while self.status("/readyz") != 200:
            if self.process.poll() is not None:
                sys.exit("the service did not start:\n" + Path(self.log.name).read_text())
            time.sleep(0.005)
        self.ready_after = time.monotonic() - self.started

    def chosen_port(self):
        """Of the socket that it listens on: /proc/net/tcp, state 0A."""
        while self.process.poll() is None:
            inodes = set()
            for link in Path(f"/proc/{self.pid}/fd").iterdir():
                try:
                    inodes |= set(re.findall(r"socket:\[(\d+)\]", str(link.readlink())))
                except OSError:
                    pass
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes:
                    return int(fields[1].split(":")[1], 16)
            time.sleep(0.005)
        sys.exit("the service did not start:\n" + Path(self.log.name).read_text())

    def connection(self, timeout=120):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers={}, timeout=120):
        connection = self.connection(timeout)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def status(self, path):
        try:
            return self.ask("GET", path)[0]
        except OSError:
            return 0

    def memory(self):
        """Resident, in megabytes."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096 / 1e6

    def files(self):
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


def detections(body):
    return json.loads(body)["detections"]
