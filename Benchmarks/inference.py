"""Side by side: `yolox bench` and ONNX Runtime, same weights, same machine, in turns.

Each round runs ours and then theirs as a fresh process with three unmeasured runs before; the table gives the median of
the rounds' medians, and the ratio as the median of the ratios of neighbouring rounds. Above 1 we are faster.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
MODELS = {
    "nano 416": (SHARED / "weights/yolox_nano.onnx", 416),
    "tiny 416": (SHARED / "bench/rand_tiny.onnx", 416),
    "S 640": (SHARED / "bench/rand_s.onnx", 640),
}

PEER = """
import sys, time, json
import numpy, onnxruntime
path, size, threads, batch, runs = sys.argv[1], *map(int, sys.argv[2:6])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
pixels = (numpy.arange(3 * size * size, dtype=numpy.int64) * 31 % 256).astype(numpy.float32).reshape(1, 3, size, size)
times = []
for run in range(runs + 3):
    start = time.perf_counter()
    for _ in range(batch):
        session.run(None, {name: pixels})
    times.append((time.perf_counter() - start) * 1e3)
times = sorted(times[3:])
print(json.dumps({"median": times[len(times) // 2], "version": onnxruntime.__version__}))
"""


def ours(path, size, threads, batch, runs):
    command = [ROOT / ".build/release/yolox", "bench", "--weights", path, "--size", size, "--threads", threads]
    command += ["--batch", batch, "--runs", runs, "--json"]
    return json.loads(subprocess.check_output([str(word) for word in command]))


def theirs(path, size, threads, batch, runs):
    command = [sys.executable, "-c", PEER, path, size, threads, batch, runs]
    return json.loads(subprocess.check_output([str(word) for word in command]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=30, help="timed runs in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, taking turns")
    parser.add_argument("--batch", type=int, default=1)
    arguments = parser.parse_args()

    missing = [str(path) for path, _ in MODELS.values() if not path.exists()]
    if missing:
        sys.exit("bench: needs " + ", ".join(missing))
    cores = os.cpu_count() or 1
    print(f"{'network':10} {'threads':>7} {'ours ms':>9} {'ONNX Runtime ms':>16} {'ratio':>7}")
    for label, (path, size) in MODELS.items():
        for threads in sorted({1, cores}):
            mine, peer = [], []
            for _ in range(arguments.rounds):
                mine.append(ours(path, size, threads, arguments.batch, arguments.runs)["medianMilliseconds"])
                peer.append(theirs(path, size, threads, arguments.batch, arguments.runs)["median"])
            ratio = statistics.median(b / a for a, b in zip(mine, peer))
            print(
                f"{label:10} {threads:7} {statistics.median(mine):9.2f} {statistics.median(peer):16.2f} {ratio:6.2f}x",
                flush=True,
            )


if __name__ == "__main__":
    main()
