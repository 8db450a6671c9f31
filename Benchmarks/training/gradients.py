"""Compares losses and gradients of one batch between yolox-train and the authors' PyTorch code, for any network.

    Benchmarks/training/gradients.py path/to/YOLOX [s darknet53 ...]

The authors' modules get weights of their own making and run in float64. Python needs what Benchmarks/training/run.sh installs.
"""

import argparse
import contextlib
import json
import os
import struct
import subprocess
import sys
import tempfile

from runs import read_tensors

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OURS = os.environ.get("YOLOX_TRAIN", os.path.join(ROOT, ".build", "release", "yolox-train"))
# Depth and width, as in exps/default.
MODELS = {
    "nano": (0.33, 0.25), "tiny": (0.33, 0.375), "s": (0.33, 0.5), "m": (0.67, 0.75), "l": (1.0, 1.0),
    "x": (1.33, 1.25), "darknet53": (1.0, 1.0),
}  # fmt: skip


def network(name, classes):
    from yolox.models import YOLOFPN, YOLOPAFPN, YOLOX, YOLOXHead

    depth, width = MODELS[name]
    if name == "darknet53":
        return YOLOX(YOLOFPN(), YOLOXHead(classes, width, in_channels=[128, 256, 512], act="lrelu"))
    channels, depthwise = [256, 512, 1024], name == "nano"
    return YOLOX(
        YOLOPAFPN(depth, width, in_channels=channels, depthwise=depthwise),
        YOLOXHead(classes, width, in_channels=channels, depthwise=depthwise),
    )


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        values = tensor.float().contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def compare(name, side):
    import torch

    torch.manual_seed(1)
    model = network(name, 80)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps, module.momentum = 1e-3, 0.03
    model.head.initialize_biases(1e-2)
    # Smooth images: noise would vanish in the first layers.
    images = torch.nn.functional.interpolate(torch.rand(2, 3, side // 8, side // 8), size=side, mode="bicubic")
    images = (images * 255).round().clamp(0, 255)
    targets = torch.zeros(2, 8, 5)
    for image in range(2):
        for row in range(4):
            size = (torch.rand(2) * 0.4 + 0.15) * side
            center = size / 2 + torch.rand(2) * (side - size)
            targets[image, row] = torch.cat([torch.randint(0, 80, (1,)).float(), center, size])
    with tempfile.TemporaryDirectory() as folder:
        torch.save({"model": model.state_dict()}, f"{folder}/weights.pth")
        write_safetensors(f"{folder}/batch.safetensors", {"images": images, "targets": targets})
        subprocess.run(
            [OURS, "gradients", "--weights", f"{folder}/weights.pth", "--batch", f"{folder}/batch.safetensors",
             "--output", f"{folder}/gradients.safetensors"], check=True)  # fmt: skip
        ours = read_tensors(f"{folder}/gradients.safetensors")

    model.double().train()
    model.head.use_l1 = True
    with contextlib.redirect_stdout(sys.stderr):
        outputs = model(images.double(), targets.double())
    outputs["total_loss"].backward()
    expected = [float(outputs[key]) for key in ("total_loss", "iou_loss", "l1_loss", "conf_loss", "cls_loss")]
    loss_error = max(abs(a - b) / max(abs(b), 1e-9) for a, b in zip(ours.pop("losses"), expected))
    worst_cosine, worst_norm, names = 1.0, 0.0, set()
    for key, parameter in model.named_parameters():
        names.add(key)
        theirs = parameter.grad.double().flatten()
        mine = torch.tensor(ours[key], dtype=torch.float64)
        if float(theirs.norm()) < 1e-9 and float(mine.norm()) < 1e-6:
            continue
        worst_cosine = min(worst_cosine, float(theirs @ mine / (theirs.norm() * mine.norm())))
        worst_norm = max(worst_norm, abs(float(mine.norm() / theirs.norm()) - 1))
    missing = names.symmetric_difference(ours)
    print(f"| {name} | {len(names)} | {loss_error:.1e} | {worst_cosine:.6f} | {100 * worst_norm:.3f} % |", flush=True)
    return not missing and loss_error < 1e-3 and worst_cosine > 0.995 and worst_norm < 0.03


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repository", help="clone of the authors' YOLOX")
    parser.add_argument("models", nargs="*", default=["s", "darknet53"])
    parser.add_argument("--side", type=int, default=160, help="of the images")
    options = parser.parse_args()
    sys.path.insert(0, options.repository)
    print("| network | weights | losses, relative | worst cosine | worst length |\n| --- | --- | --- | --- | --- |", flush=True)
    if not all([compare(name, options.side) for name in options.models]):
        sys.exit("the gradients are not the authors'")


if __name__ == "__main__":
    main()
