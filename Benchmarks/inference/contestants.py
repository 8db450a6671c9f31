"""Who is compared: a runtime at a precision, timed in a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass

from networks import HERE, YOLOX


@dataclass(frozen=True)
class Contestant:
    runtime: str
    precision: str

    @property
    def is_ours(self):
        return self.runtime == "yolox"

    def weights(self, network):
        """The file to run; None where there is none."""
        if self.is_ours:
            return network.ours
        return network.openvino_int8 if self.precision == "int8" else network.onnx

    def time(self, network, threads, batch, runs):
        """milliseconds (median), first (milliseconds from file to first result), megabytes, and for ours the share of
        the processor's peak for this precision."""
        if not self.is_ours:
            command = [sys.executable, HERE / "peer.py", self.runtime, self.precision, self.weights(network)]
            return answer(command + [network.size, threads, batch, runs])
        command = [YOLOX, "bench", "--weights", self.weights(network), "--precision", self.precision, "--json"]
        found = answer(command + ["--size", network.size, "--threads", threads, "--batch-size", batch, "--runs", runs])
        return {
            "milliseconds": found["medianMilliseconds"],
            "first": found["firstResultMilliseconds"],
            "megabytes": found["residentMegabytes"],
            "peak": found["gigaflops"] / found["peakGigaflops"],
        }


OURS = [Contestant("yolox", precision) for precision in ("fp32", "bf16", "int8")]
PEERS = [
    Contestant("ONNX Runtime", "fp32"),
    Contestant("OpenVINO", "fp32"),
    Contestant("OpenVINO", "bf16"),
    Contestant("OpenVINO", "int8"),
]


def answer(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench: {' '.join(str(word) for word in command)}\n{done.stderr}")
    return json.loads(done.stdout)
