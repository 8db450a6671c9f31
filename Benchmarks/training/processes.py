"""Trains the same few iterations once with one process and once with two under mpirun, and compares losses and how far
the weights have moved.

    YOLOX_MPI=1 swift build -c release --scratch-path .build-mpi --product yolox-train
    Benchmarks/training/processes.py .build-mpi/release/yolox-train yolox_nano.pth

Needs Open MPI's mpirun, and weights of nano: from nothing, the first iterations make a thousand times as much of every
rounding.
"""

import json
import os
import subprocess
import sys
import tempfile
import time

from runs import in_processes, read_tensors


def distance(one, two):
    """Root of the summed squares of all differences of tensors that both have in the same size."""
    pairs = [(one[name], two[name]) for name in one if len(one[name]) == len(two.get(name, []))]
    return sum((a - b) ** 2 for x, y in pairs for a, b in zip(x, y)) ** 0.5


def main():
    program, start_weights = (os.path.abspath(path) for path in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "shapes", "--output", f"{folder}/data", "--train", "8", "--val", "4"], check=True)
        subprocess.run(
            [program, "export", "--weights", start_weights, "--output", f"{folder}/start.safetensors"], check=True
        )
        metrics, weights, seconds = {}, {}, {}
        for processes in (1, 2):
            run = f"{folder}/run{processes}"
            command = [
                program, "fit", "--data", f"{folder}/data", "--model", "nano", "--weights", start_weights,
                "--epochs", "4", "--batch-size", "8", "--size", "160", "--threads", "1", "--warmup-epochs", "1",
                "--mosaic", "1", "--eval-interval", "4", "--output", run,
            ]  # fmt: skip
            command = in_processes(processes, command)
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[processes] = time.perf_counter() - start
            with open(f"{run}/metrics.jsonl") as file:
                metrics[processes] = [json.loads(line) for line in file]
            weights[processes] = read_tensors(f"{run}/best.safetensors")
        before = read_tensors(f"{folder}/start.safetensors")

    for one, two in zip(metrics[1], metrics[2]):
        print(f"iteration {one['epoch']:.0f}: loss {one['loss']:.6f} with one process, {two['loss']:.6f} with two")
    worst = max(abs(one["loss"] - two["loss"]) / one["loss"] for one, two in zip(metrics[1], metrics[2]))
    moved = distance(weights[1], before)
    apart = distance(weights[1], weights[2])
    print(f"losses differ by at most {worst:.1e}; weights are {apart / moved:.1e} of their movement apart")
    print(f"{seconds[1]:.0f} s with one process, {seconds[2]:.0f} s with two, start and evaluation included")
    if worst > 1e-4 or apart > 1e-2 * moved:
        sys.exit("two processes do not train as one")


if __name__ == "__main__":
    main()
