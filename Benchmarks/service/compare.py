"""Side by side: `yolox serve` and what people use now, the same image, the same weights, the same cores, in turns.

For each server: seconds from its start to the first right answer, then 16 connections by wrk for some seconds, then the
memory of all its processes. Rounds take turns; the table gives medians. Client and server share the cores.
"""

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from wrk import load

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = ROOT.parent / "shared"
IMAGE = SHARED / "images/dog.jpg"
WEIGHTS = SHARED / "weights/yolox_nano.onnx"
CLASSES = {16, 1, 2}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def servers():
    cores = str(os.cpu_count() or 1)
    yolox = str(ROOT / ".build/release/yolox")
    return {
        "swift-yolox": lambda port: [yolox, "serve", "--weights", str(WEIGHTS), "--port", port, "--log-level", "warning"],
        "swift-yolox bf16": lambda port: [yolox, "serve", "--weights", str(WEIGHTS), "--port", port, "--log-level", "warning", "--precision", "bf16"],
        "FastAPI": lambda port: [sys.executable, "-m", "uvicorn", "fastapi_server:app", "--port", port, "--workers", cores, "--log-level", "warning"],
        "LitServe": lambda port: [sys.executable, "litserve_server.py", port],
    }


def body_for(name):
    """The image, in a form where a server takes no bare bodies."""
    image = IMAGE.read_bytes()
    if name != "LitServe":
        return image, "image/jpeg"
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="dog.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return head + image + b"\r\n--x--\r\n", "multipart/form-data; boundary=x"


def ask(port, body, kind):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/detect", body, {"Content-Type": kind})
    return json.load(urllib.request.urlopen(request, timeout=30))


def family(process):
    """The process and all that it has started."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                children.setdefault(int(fields[1]), []).append(int(entry.name))
            except OSError:
                pass
    found, next_ones = [], [process.pid]
    while next_ones:
        found += next_ones
        next_ones = [child for parent in next_ones for child in children.get(parent, [])]
    return found


def memory(process):
    """Megabytes of all processes, pages that they share counted once among them (PSS)."""
    total = 0
    for pid in family(process):
        try:
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


def measure(name, command, seconds, connections):
    port = str(free_port())
    body, kind = body_for(name)
    file = tempfile.NamedTemporaryFile()
    file.write(body)
    file.flush()
    environment = dict(os.environ, WEIGHTS=str(WEIGHTS), PYTHONPATH=str(HERE))
    started = time.monotonic()
    process = subprocess.Popen(
        command(port), cwd=HERE, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True)
    try:
        while True:
            try:
                answer = ask(port, body, kind)
                break
            except (OSError, ValueError):
                if process.poll() is not None or time.monotonic() - started > 90:
                    sys.exit(f"compare: {name} does not answer")
                time.sleep(0.005)
        cold = time.monotonic() - started
        classes = {found["class_id"] for found in answer["detections"]}
        if not CLASSES <= classes:
            sys.exit(f"compare: {name} finds {classes}")
        address = f"http://127.0.0.1:{port}/detect"
        load(address, file.name, kind, connections, 2)
        return {**load(address, file.name, kind, connections, seconds), "memory MB": memory(process),
                "first answer s": cold}
    finally:
        end(process)


def end(process):
    """Ends a server and all that it has started, so that nothing of it shares the processors with the next one."""
    processes = family(process)
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        pass
    for pid in processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
    time.sleep(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=10, help="of load in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, taking turns")
    parser.add_argument("--connections", type=int, default=16)
    arguments = parser.parse_args()
    for needed in (IMAGE, WEIGHTS):
        if not needed.exists():
            sys.exit(f"compare: needs {needed}")
    results = {name: [] for name in servers()}
    for _ in range(arguments.rounds):
        for name, command in servers().items():
            results[name].append(measure(name, command, arguments.seconds, arguments.connections))
    columns = list(next(iter(results.values()))[0])
    print(f"{'':18}" + "".join(f"{column:>16}" for column in columns))
    for name, rounds in results.items():
        medians = [statistics.median(one[column] for one in rounds) for column in columns]
        print(f"{name:18}" + "".join(f"{value:16.2f}" for value in medians))


if __name__ == "__main__":
    main()
