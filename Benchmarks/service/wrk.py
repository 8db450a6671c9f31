"""Load by wrk: connections that post one body again and again."""

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent / "post.lua"


def load(address, body, kind, connections, seconds):
    """What came of posting the file `body` of type `kind` for so long: its rate, its times and how many failed."""
    output = subprocess.check_output(
        ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "30s",
         "--script", SCRIPT, address],
        env=dict(os.environ, BODY=body, BODY_TYPE=kind), text=True)  # fmt: skip
    result = next(line for line in output.splitlines() if line.startswith("RESULT")).split()[1:]
    requests, microseconds, errors, p50, p99 = map(float, result)
    return {"images/s": requests / microseconds * 1e6, "p50 ms": p50, "p99 ms": p99, "errors": errors}
