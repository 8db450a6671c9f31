#!/usr/bin/env python3
"""Runs every query of the dashboard and the rules in Prometheus while the service is under load.

usage: dashboard.py YOLOX [SECONDS] [DRAWING]

YOLOX is a built command with the weights of YOLOX-Nano. For SECONDS (30) the script sends docs/images/street.png, and now and then
an invalid image. Then each panel must have data. DRAWING is a file for an SVG of the panels. Needs Debian's prometheus; ends with 1 if a query gives nothing.
"""
import json
import math
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import dashboard_svg

PROJECT = pathlib.Path(__file__).resolve().parents[2]
IMAGE = PROJECT / "docs/images/street.png"
DASHBOARD = PROJECT / "deploy/compose/grafana/dashboards/yolox.json"
VARIABLES = {"$__rate_interval": "10s", "$job": "yolox", "$instance": ".+"}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def get(url, **parameters):
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    return urllib.request.urlopen(url + query, timeout=30).read()


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"dashboard: {what}: not within {seconds} s")


class Service:
    def __init__(self, yolox, folder):
        self.log = folder / "service.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen([yolox, "serve", "--port", "0", "--request-timeout", "60"], cwd=PROJECT, stderr=log)
        until("the service is ready", lambda: self.process.poll() is not None or " ready " in self.log.read_text())
        address = re.search(r"addresses=(\S+)", self.log.read_text())
        if not address:
            sys.exit(f"dashboard: the service did not start:\n{self.log.read_text()}")
        self.address = address[1]

    def post(self, body):
        try:
            urllib.request.urlopen(f"http://{self.address}/detect", body, timeout=60).read()
            return 200
        except urllib.error.HTTPError as rejected:
            return rejected.code

    def load(self, seconds):
        """Three clients that send the image; one of them sends an invalid one now and then."""
        image, end = IMAGE.read_bytes(), time.monotonic() + seconds
        answers = []

        def client(number):
            count = 0
            while time.monotonic() < end:
                count += 1
                bad = number == 0 and count % 10 == 2
                status = self.post(b"no image" if bad else image)
                answers.append(status == (415 if bad else 200))

        threads = [threading.Thread(target=client, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not all(answers):
            sys.exit(f"dashboard: {answers.count(False)} of {len(answers)} answers were not as expected")
        return len(answers)


class Prometheus:
    """Runs with the shipped configuration and rules, with another address and scrape interval."""

    def __init__(self, target, folder):
        shipped = (PROJECT / "deploy/compose/prometheus.yml").read_text()
        configuration = shipped.replace("yolox:8080", target).replace("15s", "1s")
        if configuration.count("1s") != 2 or target not in configuration:
            sys.exit("dashboard: deploy/compose/prometheus.yml is not as this script knows it")
        (folder / "prometheus.yml").write_text(configuration)
        (folder / "rules.yaml").write_text((PROJECT / "deploy/prometheus/rules.yaml").read_text())
        self.url = f"http://127.0.0.1:{free_port()}"
        with (folder / "prometheus.log").open("w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                 f"--web.listen-address={self.url.removeprefix('http://')}"], stderr=log)
        until("Prometheus is ready", lambda: get(f"{self.url}/-/ready"))
        until("Prometheus has looked", lambda: self.ask("yolox_build_info"))

    def ask(self, query):
        return json.loads(get(f"{self.url}/api/v1/query", query=query))["data"]["result"]

    def ask_range(self, query, start, end):
        answer = get(f"{self.url}/api/v1/query_range", query=query, start=start, end=end, step=1)
        return json.loads(answer)["data"]["result"]

    def rules(self):
        groups = json.loads(get(f"{self.url}/api/v1/rules"))["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]


def substituted(query):
    for name, value in VARIABLES.items():
        query = query.replace(name, value)
    return query


def answers(prometheus, start, end):
    """For each panel its queries' series, named by the panel's legends; None if one of the queries has no data."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        series, is_complete = [], True
        for target in panel.get("targets", []):
            result = [
                (legend(target.get("legendFormat", ""), one["metric"]), numbers(one["values"]))
                for one in prometheus.ask_range(substituted(target["expr"]), start, end)
            ]
            # NaN is what a division of nothing gives.
            is_complete &= any(not math.isnan(value) for _, values in result for _, value in values)
            series += result
        yield panel, series if is_complete else None


def numbers(values):
    return [(float(moment), float(value)) for moment, value in values]


def legend(format, labels):
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda name: labels.get(name[1], ""), format)


def main(yolox, seconds=30, drawing=None):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        service = prometheus = None
        try:
            service = Service(yolox, folder)
            prometheus = Prometheus(service.address, folder)
            start = time.time()
            count = service.load(float(seconds))
            end = time.time()
            # Once more than is looked at, so that the end is in.
            until("Prometheus sees the end", lambda: prometheus.ask(f"timestamp(yolox_build_info) > {end}"))
            panels = list(answers(prometheus, start, end))
            empty = [panel["title"] for panel, series in panels if series is None]
            asked = sum(len(panel.get("targets", [])) for panel, _ in panels)
            until("every rule is evaluated", lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()))
            rules = prometheus.rules()
            ill = [rule["name"] for rule in rules if rule["health"] != "ok"]
            print(f"{count} requests in {end - start:.0f} s; {asked} queries of the dashboard, {len(rules)} rules")
            if drawing:
                pathlib.Path(drawing).write_text(dashboard_svg.drawn(panels, start, end))
        finally:
            for one in (prometheus, service):
                if one:
                    one.process.terminate()
                    one.process.wait()
    for title in empty:
        print(f"no data: {title}", file=sys.stderr)
    for name in ill:
        print(f"rule not evaluated: {name}", file=sys.stderr)
    sys.exit(1 if empty or ill or not rules else 0)


if __name__ == "__main__":
    main(*sys.argv[1:4])
