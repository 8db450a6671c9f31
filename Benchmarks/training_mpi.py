"""Trains the same two epochs once with one process and once with two under mpirun, and compares losses and weights.

    YOLOX_MPI=1 swift build -c release --scratch-path .build-mpi --product yolox-train
    Benchmarks/training_mpi.py .build-mpi/release/yolox-train

Needs Open MPI's mpirun.
"""

import array
import json
import os
import struct
import subprocess
import sys
import tempfile
import time


def tensors(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {
        name: array.array("f", data[entry["data_offsets"][0] : entry["data_offsets"][1]])
        for name, entry in header.items()
    }


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "shapes", "--output", f"{folder}/data", "--train", "48", "--val", "8"], check=True)
        metrics, weights, seconds = {}, {}, {}
        for processes in (1, 2):
            run = f"{folder}/run{processes}"
            command = [
                program, "fit", "--data", f"{folder}/data", "--model", "nano", "--epochs", "2", "--batch", "8",
                "--input", "160", "--threads", "1", "--evaluate-every", "2", "--output", run,
            ]  # fmt: skip
            if processes > 1:
                launcher = ["mpirun", "-np", str(processes), "--bind-to", "none", "--oversubscribe"]
                if os.geteuid() == 0:
                    launcher.append("--allow-run-as-root")
                command = launcher + command
            start = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds[processes] = time.perf_counter() - start
            with open(f"{run}/metrics.jsonl") as file:
                metrics[processes] = [json.loads(line) for line in file]
            weights[processes] = tensors(f"{run}/best.safetensors")

    for one, two in zip(metrics[1], metrics[2]):
        print(f"epoch {one['epoch']:.0f}: loss {one['loss']:.6f} with one process, {two['loss']:.6f} with two")
    worst = max(abs(one["loss"] - two["loss"]) / one["loss"] for one, two in zip(metrics[1], metrics[2]))
    distance = size = 0.0
    for name, values in weights[1].items():
        distance += sum((a - b) ** 2 for a, b in zip(values, weights[2][name]))
        size += sum(a * a for a in values)
    relative = (distance / size) ** 0.5
    print(f"losses differ by at most {worst:.1e}, weights by {relative:.1e} of their length")
    print(f"{seconds[1]:.0f} s with one process, {seconds[2]:.0f} s with two")
    if worst > 1e-3 or relative > 1e-3:
        sys.exit("two processes do not train as one")


if __name__ == "__main__":
    main()
