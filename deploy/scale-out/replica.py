"""One server process of the proof: started, asked, stopped, killed."""
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request


class Replica:
    def __init__(self, command, port, log):
        self.command = command + ["--port", str(port)]
        self.port = port
        self.log = log
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server on port {self.port} does not become ready; see {self.log}")
            time.sleep(0.02)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def stop(self):
        """As Kubernetes and systemd do it. The exit code says whether every request was answered."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=90)
        if code != 0:
            raise RuntimeError(f"the server on port {self.port} ended with {code} on SIGTERM")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def metric(self, pattern):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            text = answer.read().decode()
        return sum(float(value) for value in re.findall(rf"^{pattern} (\S+)$", text, re.MULTILINE))

    def images(self):
        return self.metric(r'yolox_requests_total\{route="/detect",status="200"\}')

    def processor_seconds(self):
        return self.metric("process_cpu_seconds_total")
