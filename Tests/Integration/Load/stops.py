"""Stops the service under load, again and again, and kills it once.

    python3 Tests/Integration/Load/stops.py [TIMES]

Fails if a request that the service has accepted is not answered, if a stop ends with another code than 0, or if it takes
a second or more to be ready again after a kill.
"""

import signal
import socket
import sys
import threading
import time

from service import Service, detections, images

TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 20


class Client(threading.Thread):
    """Sends an image after the other. Once a connection is made, whatever is sent over it must be answered."""

    def __init__(self, service, image, expected):
        super().__init__()
        self.service, self.image, self.expected = service, image, expected
        self.answered, self.lost = 0, []

    def run(self):
        while True:
            try:
                connection = self.service.connection()
                connection.connect()
            except OSError:
                return  # it has stopped listening
            try:
                while True:
                    connection.request("POST", "/detect", self.image)
                    response = connection.getresponse()
                    body = response.read()
                    if response.status != 200 or detections(body) != self.expected:
                        return self.lost.append(f"{response.status} {body[:100]}")
                    self.answered += 1
                    if response.getheader("Connection") == "close":
                        break
            except OSError as error:
                return self.lost.append(repr(error))
            finally:
                connection.close()


def main():
    image = images(1)[0]
    total, worst = 0, 0
    for number in range(TIMES):
        service = Service()
        expected = detections(service.ask("POST", "/detect", image)[1])
        clients = [Client(service, image, expected) for _ in range(8)]
        for client in clients:
            client.start()
        time.sleep(0.3 + 0.05 * (number % 8))
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        code = service.process.wait(60)
        worst = max(worst, time.monotonic() - begun)
        for client in clients:
            client.join()
        lost = [loss for client in clients for loss in client.lost]
        total += sum(client.answered for client in clients)
        if code != 0 or lost:
            sys.exit(f"stop {number + 1}: exit {code}, lost {lost}")
    print(f"{TIMES} stops: {total} requests answered, none lost, exit 0 each time, at most {worst:.2f} s to stop")

    service = Service()
    port = service.port
    service.process.kill()
    service.process.wait()
    again = Service(port=port)
    print(f"ready again {again.ready_after:.2f} s after a kill")
    again.process.send_signal(signal.SIGTERM)
    again.process.wait(60)
    if again.ready_after >= 1:
        sys.exit("stops: that is too long")


if __name__ == "__main__":
    main()
