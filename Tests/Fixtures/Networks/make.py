"""Makes the fixtures in this folder with the authors' code: what its seven networks compute from made-up weights.

    python make.py YOLOX [NETWORK ...]    # YOLOX: a clone of the authors' repository; needs torch, numpy, safetensors
    python make.py --check YOLOX [...]    # compares with the files instead of writing them

state_dicts.json has, for each network, the number of parameters, the keys and shapes of its state_dict, and the `gain` below.
forward_NETWORK.safetensors has `raw` [2, 126, 85], as the authors' ONNX export gives it, `decoded` [2, 126, 85], and
`pan0`, `pan1`, `pan2`, the feature maps into the head. The input is [2, 3, 64, 96]; all is computed in float64.

The numbers: u(key, i) for i = 0, 1, ... is `(z >> 40) / 2^24`, where z is splitmix64 of `fnv1a64(key) + (i + 1) *
0x9E3779B97F4A7C15`; `key` is the state_dict's, `i` counts the elements in row-major order. Rounded to float32:

- 4-d weights: (2u - 1) * gain * s * sqrt(3 / fan-in), s = 1/64 for the stem, which sees pixels up to 255, else 1;
- weights and variances of BatchNorm: 0.8 + 0.4u; means: 0.2 (u - 0.5); biases: 0.4 (u - 0.5);
- the input: floor(256 u("input", i)).
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

HERE = pathlib.Path(__file__).parent
NETWORKS = {  # depth, width, depthwise
    "nano": (0.33, 0.25, True), "tiny": (0.33, 0.375, False), "s": (0.33, 0.5, False), "m": (0.67, 0.75, False),
    "l": (1.0, 1.0, False), "x": (1.33, 1.25, False), "darknet53": None,
}
# Keeps the numbers of the whole network near one.
GAINS = {"nano": 1.41, "tiny": 1.31, "s": 1.3, "m": 1.21, "l": 1.18, "x": 1.13, "darknet53": 1.02}
STEMS = {"backbone.backbone.stem.conv.conv.weight", "backbone.backbone.stem.0.conv.weight"}


def units(key, count):
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    z = np.uint64(value) + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return ((z ^ z >> np.uint64(31)) >> np.uint64(40)).astype(np.float64) / 2**24


def tensor(key, shape, gain):
    u = units(key, int(np.prod(shape)))
    if len(shape) == 4:
        spread = gain * (1 / 64 if key in STEMS else 1) * np.sqrt(3 / (shape[1] * shape[2] * shape[3]))
        values = (2 * u - 1) * spread
    elif key.endswith(("bn.weight", "running_var")):
        values = 0.8 + 0.4 * u
    elif key.endswith("running_mean"):
        values = 0.2 * (u - 0.5)
    else:
        values = 0.4 * (u - 0.5)
    # Rounded to float32, as a file of weights has them.
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def network(name):
    from yolox.models import YOLOX, YOLOFPN, YOLOPAFPN, YOLOXHead

    if NETWORKS[name] is None:
        model = YOLOX(YOLOFPN(), YOLOXHead(80, in_channels=[128, 256, 512], act="lrelu"))
    else:
        depth, width, depthwise = NETWORKS[name]
        channels = [256, 512, 1024]
        model = YOLOX(
            YOLOPAFPN(depth, width, in_channels=channels, depthwise=depthwise),
            YOLOXHead(80, width, in_channels=channels, depthwise=depthwise))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps = 1e-3
    return model.double().eval()


def forward(name):
    model = network(name)
    state = model.state_dict()
    model.load_state_dict({
        key: value if key.endswith("num_batches_tracked") else tensor(key, list(value.shape), GAINS[name])
        for key, value in state.items()})
    image = np.floor(256 * units("input", 2 * 3 * 64 * 96)).reshape(2, 3, 64, 96)
    outputs = {}
    with torch.no_grad():
        maps = model.backbone(torch.from_numpy(image))
        for level, values in enumerate(maps):
            outputs[f"pan{level}"] = values
        model.head.decode_in_inference = False
        outputs["raw"] = model.head(maps)
        model.head.decode_in_inference = True
        outputs["decoded"] = model.head(maps)
    facts = {
        "parameters": sum(value.numel() for value in model.parameters()),
        "state_dict": {key: list(value.shape) for key, value in state.items()}, "gain": GAINS[name],
    }
    return {key: np.ascontiguousarray(value.numpy().astype(np.float32)) for key, value in outputs.items()}, facts


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("yolox")
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    options = parser.parse_args()
    sys.path.insert(0, options.yolox)
    path = HERE / "state_dicts.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for name in options.networks:
        outputs, facts = forward(name)
        file = HERE / f"forward_{name}.safetensors"
        if options.check:
            stored = load_file(file)
            assert known[name] == facts, name
            assert stored.keys() == outputs.keys(), name
            for key, values in outputs.items():
                error = np.abs((stored[key] - values) / np.maximum(1, np.abs(values))).max()
                print(f"{name} {key}: differs by at most {error:.1e}")
                assert error < 1e-4, (name, key)
        else:
            save_file(outputs, file)
            known[name] = facts
    if not options.check:
        path.write_text(json.dumps({name: known[name] for name in NETWORKS if name in known}))


if __name__ == "__main__":
    main()
