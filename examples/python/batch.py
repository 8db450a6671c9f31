"""Detects objects in all images of a folder through a running service. Needs only the standard library.

    python3 examples/python/batch.py http://localhost:8080 photos --output detections.jsonl
    python3 examples/python/batch.py http://localhost:8080 photos --output yard.jsonl --parameter slices=2x2

Writes a line of JSON for each image: its path within the folder, its size and its detections. Images that the output already
has are skipped, so that an interrupted run continues. Images that are rejected are named on standard error, are not in the
output, and make the exit code 1.
"""

import argparse
import concurrent.futures
import http.client
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}
ATTEMPTS = 5
TIMEOUT_SECONDS = 60
MAX_WAIT_SECONDS = 30
# No image gets another answer: no key, or not this service.
FATAL = {401, 403, 404}


class Rejected(Exception):
    """This image has no result; the message says why."""


class Stopped(Exception):
    """No image can have a result; the message says why."""


def main():
    options = argparse.ArgumentParser(description="Detects objects in all images of a folder.")
    options.add_argument("url")
    options.add_argument("folder", type=Path)
    options.add_argument("--output", type=Path, required=True, help="file of JSON lines, continued if it exists")
    options.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="of /detect; repeatable")
    options.add_argument("--key", default="", help="API key")
    options.add_argument("--requests", type=int, default=4, help="requests at a time")
    options = options.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"batch: {options.folder} is not a folder")
    parameters = [tuple(parameter.partition("=")[::2]) for parameter in options.parameter]
    address = f"{options.url.rstrip('/')}/detect?{urllib.parse.urlencode(parameters)}"
    headers = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
    if options.key:
        headers["Authorization"] = f"Bearer {options.key}"

    done = finished(options.output)
    found = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    names = [name for name in (path.relative_to(options.folder).as_posix() for path in found) if name not in done]
    rejected = 0
    pool = concurrent.futures.ThreadPoolExecutor(max(options.requests, 1))
    with options.output.open("a") as output:
        try:
            jobs = {pool.submit(detect, address, headers, options.folder / name): name for name in names}
            for job in concurrent.futures.as_completed(jobs):
                name = jobs.pop(job)
                try:
                    answer = job.result()
                except Rejected as problem:
                    rejected += 1
                    print(f"batch: {name}: {problem}", file=sys.stderr)
                    continue
                line = {"file": name, "image": answer["image"], "detections": answer["detections"]}
                print(json.dumps(line), file=output, flush=True)
        except Stopped as error:
            sys.exit(f"batch: {error}; run the same command to continue")
        finally:
            pool.shutdown(cancel_futures=True)
    print(f"{len(names) - rejected} images, {rejected} rejected, {len(done)} from an earlier run")
    sys.exit(1 if rejected else 0)


def finished(output):
    """The images of an earlier run. Removes the end of a line that it was interrupted in."""
    if not output.exists():
        return set()
    content = output.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        output.write_bytes(whole)
    try:
        return {json.loads(line)["file"] for line in whole.splitlines()}
    except (ValueError, KeyError, TypeError):
        sys.exit(f"batch: {output} is not the output of this program")


def detect(address, headers, path):
    """The response for an image. Waits as the service says while it is overloaded."""
    try:
        request = urllib.request.Request(address, path.read_bytes(), headers)
    except OSError as error:
        raise Rejected(error) from None
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code == 503 and attempt < ATTEMPTS:
                # A proxy may send a date instead of seconds.
                delay = error.headers.get("Retry-After", "1")
                time.sleep(min(int(delay) if delay.isdecimal() else 1, MAX_WAIT_SECONDS))
                continue
            raise (Stopped if error.code in FATAL else Rejected)(reason(error)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Stopped(f"{address}: {error}") from None


def reason(error):
    """The detail of a problem (RFC 9457), or the status if a proxy answered."""
    try:
        problem = json.load(error)
        return problem.get("detail") or problem["title"]
    except (ValueError, KeyError, AttributeError):
        return f"status {error.code}"


main()
