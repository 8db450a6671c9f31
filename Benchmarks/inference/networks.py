"""The networks that are compared, in the forms in which the runtimes want them."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SHARED = ROOT.parent / "shared"
YOLOX = ROOT / ".build/release/yolox"
IMAGES = SHARED / "coco/train2017"
# What is made here is made once.
CACHE = ROOT / "runs/bench"


@dataclass(frozen=True)
class Network:
    label: str
    onnx: Path
    size: int
    # Real weights, whose average precision means something.
    is_trained: bool = False
    # How many images the ranges for int8 come from.
    samples: int = 10
    # Timed runs of a single image in each round.
    runs: int = 30
    # Timed with --all only, and exported from the authors' code.
    exported: str | None = None

    def runs_of(self, batch):
        return max(3, self.runs // batch)

    @property
    def name(self):
        return self.label.split()[0]

    def prepare(self, repository):
        """Exports the network if it is one that nobody has exported yet."""
        if not self.exported or self.onnx.exists():
            return
        if not (Path(repository or "") / "yolox").is_dir():
            sys.exit(f"bench: {self.label} needs YOLOX_REPOSITORY=path, a clone of the authors' repository")
        command = [sys.executable, HERE / "authors_onnx.py", repository, self.exported, self.size, self.onnx]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)

    @property
    def ours(self):
        """The weights with ranges for int8, by `yolox weights quantize`."""
        path = CACHE / f"{self.onnx.stem}.safetensors"
        if not path.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            command = [YOLOX, "weights", "quantize", "--calibration-images", IMAGES, "--weights", self.onnx]
            command += ["--max-images", self.samples, "--size", self.size, "--output", path]
            subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        return path

    @property
    def openvino_int8(self):
        """The network as NNCF quantises it, with the preset that it recommends for SiLU; None where NNCF fails."""
        path = CACHE / f"{self.onnx.stem}-nncf.xml"
        if not path.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, HERE / "nncf_int8.py", self.onnx, self.size, IMAGES, self.samples, path]
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
            if done.returncode:
                print(f"{self.label}: NNCF made no int8 network: {done.stderr.strip().splitlines()[-1:]}")
                return None
        return path


NETWORKS = [
    Network("nano 416", SHARED / "weights/yolox_nano.onnx", 416, is_trained=True, samples=80),
    Network("tiny 416", SHARED / "bench/rand_tiny.onnx", 416, runs=15),
    Network("S 640", SHARED / "bench/rand_s.onnx", 640, runs=6),
    Network("M 640", CACHE / "random_m.onnx", 640, runs=3, exported="m"),
]


def forget():
    """Makes everything again, for instance with a new calibration."""
    shutil.rmtree(CACHE, ignore_errors=True)
