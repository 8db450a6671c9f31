"""The network of the authors' repository, without the rest of it: their package imports much that is not needed here."""
import importlib.util
import os
import sys
import types

import torch


def load(checkout):
    """The modules of `checkout`, a clone of the authors' repository, that make a network."""
    sys.modules.setdefault("loguru", types.ModuleType("loguru"))
    sys.modules["loguru"].logger = types.SimpleNamespace(info=print, warning=print)
    models, utils = types.ModuleType("yolox.models"), types.ModuleType("yolox.utils")
    models.__path__ = [os.path.join(checkout, "yolox/models")]
    # Only training uses these.
    utils.bboxes_iou = utils.cxcywh2xyxy = utils.visualize_assign = None
    utils.meshgrid = lambda *tensors: torch.meshgrid(*tensors, indexing="ij")
    sys.modules.update({"yolox": types.ModuleType("yolox"), "yolox.models": models, "yolox.utils": utils})

    def module(name):
        package = f"yolox.models.{name}"
        spec = importlib.util.spec_from_file_location(package, f"{models.__path__[0]}/{name}.py")
        loaded = importlib.util.module_from_spec(spec)
        sys.modules[package] = loaded
        spec.loader.exec_module(loaded)
        return loaded

    blocks = module("network_blocks")
    module("losses")
    module("darknet")
    return types.SimpleNamespace(
        blocks=blocks, YOLOPAFPN=module("yolo_pafpn").YOLOPAFPN, YOLOXHead=module("yolo_head").YOLOXHead)
