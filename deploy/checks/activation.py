"""Starts the service as yolox.socket does: with an open socket as descriptor 3, and variables that then have no effect.

usage: activation.py YOLOX
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import urllib.request

IMAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/images/street.png"


def main():
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    # LISTEN_PID has to be the process of the command.
    script = 'LISTEN_PID=$$ exec "$1" serve 3<&"$2"'
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", sys.argv[1], str(listening.fileno())], stderr=log, pass_fds=[listening.fileno()],
            env=dict(os.environ, LISTEN_FDS="1", YOLOX_PORT="80"),
        )
        try:
            # The connection waits in the socket until the service accepts it.
            answer = urllib.request.urlopen(f"{url}/detect", IMAGE.read_bytes(), timeout=60)
            labels = [one["label"] for one in json.load(answer)["detections"]]
        except OSError as error:
            labels = [str(error)]
        process.terminate()
        code = process.wait(60)
        log.seek(0)
        text = log.read()
    problems = []
    if "bus" not in labels:
        problems.append(f"no bus behind the socket: {labels}")
    if "port and unix-socket have no effect" not in text:
        problems.append("YOLOX_PORT is ignored in silence")
    if code != 0:
        problems.append(f"it ends with {code}")
    if problems:
        sys.exit("\n".join([*problems, text]))


main()
