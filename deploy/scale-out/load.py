"""A load of images on one address from many connections, each answer looked at.

Nothing is retried here: what the client does not get at the first try counts as failed.
"""
import http.client
import json
import ssl
import threading
import time
from collections import Counter


class Load:
    """Clients that post one image after the other until they are stopped."""

    def __init__(self, url, image, clients, expected_labels):
        self.url = url
        self.image = image
        self.expected = expected_labels
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.latencies = []
        self.failures = Counter()
        self.threads = [threading.Thread(target=self._client, daemon=True) for _ in range(clients)]

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(timeout=60)
        self.seconds = time.monotonic() - self.began

    def _connection(self):
        secure, address = self.url.startswith("https://"), self.url.split("//")[1]
        if not secure:
            return http.client.HTTPConnection(address, timeout=60)
        # The proof makes its own certificate, which nobody has signed.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(address, timeout=60, context=context)

    def _client(self):
        connection = self._connection()
        while not self.stopping.is_set():
            start = time.monotonic()
            failure = self._post(connection)
            with self.lock:
                if failure:
                    self.failures[failure] += 1
                else:
                    self.latencies.append(time.monotonic() - start)
            if failure:
                connection.close()
                connection = self._connection()
        connection.close()

    def _post(self, connection):
        """None, or what went wrong."""
        try:
            connection.request("POST", "/detect", self.image, {"Content-Type": "image/jpeg"})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException, ssl.SSLError) as error:
            return f"{type(error).__name__}: {error}"
        if response.status != 200:
            return f"status {response.status}"
        labels = {detection["label"] for detection in json.loads(body)["detections"]}
        return None if self.expected <= labels else f"found only {sorted(labels)}"

    def summary(self):
        times = sorted(self.latencies) or [0.0]

        def percentile(share):
            return 1000 * times[min(len(times) - 1, int(share * len(times)))]

        return {
            "requests": len(self.latencies) + sum(self.failures.values()),
            "failed": sum(self.failures.values()),
            "failures": dict(self.failures),
            "rate": len(self.latencies) / self.seconds,
            "p50": percentile(0.5),
            "p99": percentile(0.99),
            "max": 1000 * times[-1],
        }
