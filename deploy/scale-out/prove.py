#!/usr/bin/env python3
"""Three servers behind a real proxy on loopback: do they add up, and does a client notice that one goes?

    deploy/scale-out/prove.py

Needs Debian's haproxy, nginx, openssl and, if asked for by --proxies, caddy; nothing beyond Python's
standard library; and YOLOX-Nano. Exits with 1 if any request of any client fails during a rolling restart or after kill -9, with the configurations of deploy/proxy as they are.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from load import Load
from proxy import Proxy, make_certificate
from replica import Replica

PROJECT = pathlib.Path(__file__).resolve().parents[2]
COLUMNS = ("what", "requests", "failed", "images/s", "p50 ms", "p99 ms", "max ms", "server CPU ms", "proxy CPU ms")
REPLICA_PORTS = (18081, 18082, 18083)
TLS_PORT = 18443


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--yolox", default=str(PROJECT / ".build/release/yolox"), help="the command")
    parser.add_argument("--weights", default="yolox-nano")
    parser.add_argument("--image", default=str(PROJECT / "docs/images/street.png"), help="an image in which the labels of --expect are found")
    parser.add_argument("--expect", default="stop sign,bus")
    parser.add_argument("--proxies", default="haproxy,nginx", help="of haproxy, nginx, caddy")
    parser.add_argument("--seconds", type=float, default=10, help="for each row of the table")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--restarts", type=int, default=2, help="rounds of the rolling restart")
    parser.add_argument("--kills", type=int, default=3)
    return parser.parse_args()


class Proof:
    def __init__(self, options):
        self.options = options
        self.folder = tempfile.mkdtemp(prefix="yolox-scale-out-")
        make_certificate(self.folder)
        yolox = str(pathlib.Path(options.yolox).resolve())
        command = [yolox, "serve", "--weights", options.weights, "--threads", "1"]
        # Long enough for the proxy's next health check, which comes every second.
        if "--shutdown-delay" in subprocess.run([yolox, "serve", "--help"], capture_output=True, text=True).stdout:
            command += ["--shutdown-delay", "2"]
        self.replicas = [Replica(command, port, f"{self.folder}/{port}.log") for port in REPLICA_PORTS]
        self.image = pathlib.Path(options.image).read_bytes()
        self.failed = 0
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, logs in {self.folder}")
        print(" | ".join(COLUMNS) + "\n" + " | ".join("---" for _ in COLUMNS), flush=True)

    def measure(self, what, during, proxy=None):
        """Posts images while `during` goes on; a row of the table comes out. Processor time is for each image."""
        url = proxy.url if proxy else f"http://127.0.0.1:{REPLICA_PORTS[0]}"
        alive = [replica for replica in self.replicas if replica.process and replica.process.poll() is None]
        before = [(replica.images(), replica.processor_seconds()) for replica in alive]
        proxy_before = proxy.processor_seconds() if proxy else 0
        labels = set(self.options.expect.split(","))
        with Load(url, self.image, self.options.clients, labels) as load:
            during()
        result = load.summary()
        # Of the processes that lived through it; a new one has begun to count anew.
        used = [
            (replica.images() - images, replica.processor_seconds() - seconds)
            for replica, (images, seconds) in zip(alive, before)
            if replica.process.poll() is None and replica.images() >= images
        ]
        images = sum(count for count, _ in used)
        cost = f"{1000 * sum(seconds for _, seconds in used) / images:.1f}" if images else "-"
        proxy_cost = "-"
        if proxy and result["requests"]:
            proxy_cost = f"{1000 * (proxy.processor_seconds() - proxy_before) / result['requests']:.2f}"
        row = (what, result["requests"], result["failed"], f"{result['rate']:.1f}", f"{result['p50']:.1f}",
               f"{result['p99']:.1f}", f"{result['max']:.1f}", cost, proxy_cost)
        print(" | ".join(str(cell) for cell in row), flush=True)
        for failure, count in result["failures"].items():
            print(f"  {count} x {failure}", file=sys.stderr)
        self.failed += result["failed"]
        if result["requests"] == 0:
            raise RuntimeError("nothing was asked")

    def steady(self):
        time.sleep(self.options.seconds)

    def rolling_restart(self):
        time.sleep(1)
        for _ in range(self.options.restarts):
            for replica in self.replicas:
                replica.stop()
                replica.start()
                # As a rollout does: the next one goes when the proxy has seen this one.
                time.sleep(1.5)

    def kill_one(self):
        time.sleep(1)
        for _ in range(self.options.kills):
            self.replicas[1].kill()
            time.sleep(3)
            self.replicas[1].start()
            time.sleep(2)

    def run(self):
        for replica in self.replicas:
            replica.start()
        try:
            self.measure("1 server, no proxy", self.steady)
            for name in self.options.proxies.split(","):
                self.behind(name)
        finally:
            for replica in self.replicas:
                replica.kill()
        return self.failed

    def behind(self, name):
        for count in (1, 2, 3):
            # A server fewer is a server that does not answer, which the proxy has to find out.
            for index, replica in enumerate(self.replicas):
                if index >= count and replica.process.poll() is None:
                    replica.stop()
                elif index < count and replica.process.poll() is not None:
                    replica.start()
            with Proxy(name, self.folder, TLS_PORT, REPLICA_PORTS) as proxy:
                self.measure(f"{name}, {count} server{'s' * (count > 1)}", self.steady, proxy)
        with Proxy(name, self.folder, TLS_PORT, REPLICA_PORTS) as proxy:
            self.measure(f"{name}, rolling restart x{self.options.restarts}", self.rolling_restart, proxy)
            self.measure(f"{name}, kill -9 x{self.options.kills}", self.kill_one, proxy)


if __name__ == "__main__":
    failed = Proof(arguments()).run()
    print(f"{failed} failed requests")
    sys.exit(1 if failed else 0)
