"""A story: a service keeps images, is killed, fills its disk and finds two of itself on one folder; training reads what is left.

    python3 Tests/Integration/Stories/keep.py [IMAGE]

Needs `swift build -c release`. As the superuser the full disk is a small tmpfs of its own; else a limit of file sizes. Exits with
1 at the first thing that is not as it should be.
"""

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
BINARIES = ROOT / ".build/release"
IMAGE = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs/images/street.png"


def expect(what, condition, shown=""):
    if not condition:
        sys.exit(f"keep: {what}: not as expected {shown}")
    print(f"ok  {what}", flush=True)


class Service:
    started = []

    def __init__(self, log, *options, prepare=None):
        self.log = log
        self.process = subprocess.Popen(
            [BINARIES / "yolox", "serve", "--port", "0", "--weights", ROOT / "weights/yolox-nano-street.safetensors",
             "--keep-min-score", "0.3", "--keep-max-score", "1", *map(str, options)],
            stderr=log.open("w"), preexec_fn=prepare)
        Service.started.append(self.process)
        for _ in range(600):
            found = re.search(r"addresses=(\S+)", log.read_text())
            if found or self.process.poll() is not None:
                break
            time.sleep(0.1)
        self.url = f"http://{found[1]}" if found else None

    def post(self, path="/detect"):
        with urllib.request.urlopen(urllib.request.Request(self.url + path, IMAGE.read_bytes()), timeout=60) as response:
            return len(json.load(response)["detections"])

    def metric(self, name):
        with urllib.request.urlopen(self.url + "/metrics", timeout=60) as response:
            found = re.search(rf"^{re.escape(name)} (\S+)$", response.read().decode(), re.M)
        return float(found[1]) if found else None

    def until(self, name, value):
        for _ in range(600):
            if self.metric(name) == value:
                return
            time.sleep(0.1)
        sys.exit(f"keep: {name} never became {value}, but {self.metric(name)}")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


def training(data):
    """What yolox-train reads, by the table at its start."""
    run = subprocess.run(
        [BINARIES / "yolox-train", "fit", "--data", data, "--val-split", "0.3", "--weights",
         ROOT / "weights/yolox-nano-street.safetensors", "--size", "64", "--epochs", "1", "--output", data.parent / "run",
         "--dry-run"], capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def coco(data):
    """The COCO file, whose images must all be there as long as it is the file."""
    path = data / "annotations/instances_default.json"
    for _ in range(20):
        text = path.read_text()
        file = json.loads(text)
        images = [data / "images/default" / image["file_name"] for image in file["images"]]
        if all(image.exists() and image.stat().st_size == IMAGE.stat().st_size for image in images):
            return file
        if path.read_text() == text:
            sys.exit(f"keep: {path} names an image that is not there, or not complete")
    sys.exit(f"keep: {path} changes all the time")


def killed(folder):
    kept = folder / "kept"
    service = Service(folder / "log", "--keep", kept)
    boxes = service.post("/detect?score_threshold=0.3")
    for _ in range(9):
        service.post("/detect?classes=clock")
    service.until("yolox_kept_images", 10)
    data = next(path for path in kept.iterdir() if path.is_dir())
    second = Service(folder / "log2", "--keep", kept)
    expect("a second service on the folder is rejected at the start",
           second.process.wait(timeout=60) != 0 and "in use by another service" in (folder / "log2").read_text())
    expect("with one line", len((folder / "log2").read_text().strip().splitlines()) == 1, (folder / "log2").read_text())
    for _ in range(600):
        if len(coco(data)["images"]) == 10:
            break
        time.sleep(0.1)
    service.post()
    service.until("yolox_kept_images", 11)
    service.stop(signal.SIGKILL)
    file = coco(data)
    expect("after kill -9 the file is valid", len(file["images"]) in (10, 11) and len(file["annotations"]) == boxes * len(file["images"]))
    status, text = training(data)
    expect("and training reads it as it is", status == 0 and "street" not in text.split("\n")[-1], text)
    service = Service(folder / "log", "--keep", kept)
    expect("the next start completes it", len(coco(data)["images"]) == 11)
    service.post()
    expect("SIGTERM writes what is kept", service.stop() == 0 and len(coco(data)["images"]) == 12)
    expect("nothing half written is left", not list(kept.rglob("*.partial")))
    modes = {path.stat().st_mode & 0o777 for path in [kept, *kept.rglob("*")]}
    expect("only the owner reads it", modes == {0o700, 0o600}, modes)


def full(folder):
    kept = folder / "disk" / "kept"
    kept.parent.mkdir()
    size = IMAGE.stat().st_size
    isMounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={4 * size}", "tmpfs", kept.parent], stderr=subprocess.DEVNULL).returncode == 0
    limit = size - 1
    prepare = None if isMounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        service = Service(folder / "log", "--keep", kept, prepare=prepare)
        for _ in range(12):
            service.post()
        service.until("yolox_keep_paused", 1)
        word = "no space left" if isMounted else "File too large"
        lines = [line for line in (folder / "log").read_text().splitlines() if "not kept until" in line]
        expect(f"a full disk ({'tmpfs' if isMounted else 'limit'}) is one line in the log", len(lines) == 1 and word in lines[0], lines)
        expect("and requests are answered", service.post() > 0)
        expect("what is dropped is counted", service.metric('yolox_keep_dropped_total{reason="unwritable"}') >= 1)
        for data in (path for path in kept.iterdir() if path.is_dir()):
            coco(data)
        expect("the end is as always", service.stop() == 0)
    finally:
        if isMounted:
            subprocess.run(["umount", "-l", kept.parent], check=True)


def rotated(folder):
    kept = folder / "rotated"
    service = Service(folder / "log", "--keep", kept, "--keep-max-bytes", 5 * (IMAGE.stat().st_size + 20_000))
    for _ in range(20):
        service.post()
        for data in kept.iterdir():
            if (data / "annotations/instances_default.json").exists():
                coco(data)
    service.until("yolox_kept_total{model=\"yolox-nano-street\"}", 20)
    used = sum(path.stat().st_size for path in kept.rglob("*") if path.is_file())
    expect("the folder stays below its limit", used <= 5 * (IMAGE.stat().st_size + 20_000) and service.metric("yolox_kept_images") >= 3, used)
    expect("the end is as always", service.stop() == 0)


def main():
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        stack.callback(lambda: [process.kill() for process in Service.started])
        killed(folder)
        full(folder)
        rotated(folder)


main()
