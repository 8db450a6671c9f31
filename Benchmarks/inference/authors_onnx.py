"""Exports a network of the authors' with random weights, for timing only: REPOSITORY VARIANT SIZE FILE.

REPOSITORY is a clone of https://github.com/Megvii-BaseDetection/YOLOX. What is exported is what its tools/export_onnx.py
does by default: raw predictions, decoded by whoever runs the network.
"""

import sys
from pathlib import Path

repository, variant, size, path = sys.argv[1:5]
sys.path.insert(0, repository)

import torch
from torch import nn
from yolox.exp import get_exp
from yolox.models.network_blocks import SiLU
from yolox.utils import replace_module

torch.manual_seed(0)
network = replace_module(get_exp(exp_name=f"yolox-{variant}").get_model().eval(), nn.SiLU, SiLU)
network.head.decode_in_inference = False
image = torch.zeros(1, 3, int(size), int(size))
Path(path).parent.mkdir(parents=True, exist_ok=True)
torch.onnx.export(
    network, image, path, input_names=["images"], output_names=["output"], opset_version=17, dynamo=False
)
