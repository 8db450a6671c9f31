#!/usr/bin/env python3
"""Makes files of one network in as many ways as exporters write it, and prints a Markdown table: boxes on a photograph by
ONNX Runtime or PyTorch, by `yolox`, how many agree and how far, or the reason for which yolox rejects the file.

    pip install -r requirements.txt
    variants.py YOLOX_CHECKOUT IMAGE [--cases FOLDER] [--made FOLDER] [--yolox .build/release/yolox] [--weights FILE]

YOLOX_CHECKOUT is a clone of the authors' repository, IMAGE any photograph. The network is YOLOX-Nano with the weights of
--weights, which `yolox weights convert` turns into a checkpoint that the authors' code loads. --cases names a folder of
small files with made-up weights (shared/cases/models), --made one that Tests/Fixtures/Checkpoints/make.py has filled.

Exits with an error if a row is neither agreeing nor an expected rejection. Every box of one side must be one of the other,
within half a pixel (or a thousandth of its coordinates) and 0.002 of its score. Boxes have a score of at least 0.1; where
fewer than three have, the 20 best are compared instead, so that no row passes for want of boxes. Made-up weights give boxes
beside the image, too: those without area inside it are left out.

Files with int8 weights run in float32 here, and activations are not rounded. They are compared with ONNX Runtime on the float
network with the file's weights, each `(integer - zero point) * scale`; what ONNX Runtime makes of the file in int8 is in
brackets. Two files have the scales of one layer multiplied by 1000 and 0.001: they must be accepted with a warning.
"""
import argparse
import copy
import dataclasses
import json
import pathlib
import subprocess
import sys
import tempfile
import types
import warnings

import numpy
import onnx
import torch
from onnx import helper, numpy_helper
from PIL import Image

import authors
from comparison import NMS, SCORE, agreeing, by_yolox, clipped, decoded, detections, planes, session

BEST, TOO_FEW = 20, 3

HEADING = """# One network as many files

Printed by `Tests/Integration/Weights/variants.py`, which says how files are made and compared: boxes on a photograph by
another program, by `yolox`, how many agree, and the largest difference of a coordinate and of a score; or the reason for a
rejection."""


@dataclasses.dataclass
class Row:
    """`reference`: [anchors, 5 + classes] as the authors' export gives them, or the text that a rejection must contain.
    `has_wrong_scales`: a warning must follow; none must otherwise. `nms`: 1 suppresses nothing; among the boxes of made-up
    weights, which lie on each other, rounding would decide which is suppressed."""
    path: pathlib.Path
    by: str
    reference: object
    image: Image.Image
    arguments: tuple = ()
    note: str = ""
    is_raw: bool = True
    has_wrong_scales: bool = False
    nms: float = NMS


def threshold(boxes, nms):
    """Between two scores, so that rounding moves no box across it."""
    best = numpy.sort((boxes[:, 4:5] * boxes[:, 5:]).max(1))[::-1]
    if nms < 1 and len(detections(boxes)) >= TOO_FEW:
        return SCORE
    index = min(BEST, len(best) - 2)
    while best[index - 1] - best[index] < 1e-3 * best[index - 1] and index < len(best) - 1:
        index += 1
    return float(best[index - 1] + best[index]) / 2


def printed(row, command):
    """Prints the row. Whether it is as it should be."""
    name = f"| {row.path.name} | "
    expected_refusal = row.reference if isinstance(row.reference, str) else None
    if expected_refusal is not None:
        ours, answer = by_yolox(command, row.path, row.image, arguments=row.arguments)
        good = ours is None and expected_refusal in answer
        print(name + f"- | {'rejected' if ours is None else len(ours)} | {'' if good else '**FAULT** '}{answer.strip()} |",
              flush=True)
        return good
    boxes = decoded(row.reference, row.image.height, row.image.width, row.is_raw)
    score = threshold(boxes, row.nms)
    theirs = clipped(detections(boxes, score, row.nms), row.image.size)
    ours, answer = by_yolox(command, row.path, row.image, score, row.arguments, row.nms)
    left = f"{len(with_area(theirs))} ({row.by}{', ' + row.note if row.note else ''})"
    if ours is None:
        print(name + f"{left} | rejected | **FAULT** {answer} |", flush=True)
        return False
    # Each is compared with all of the other side, so that no box is lost between just thin and just not.
    equal, coordinate, difference = agreeing(with_area(ours), theirs)
    warning = suspicion(answer)
    good = (equal, agreeing(with_area(theirs), ours)[0]) == (len(with_area(ours)), len(with_area(theirs))) and not warning
    if row.has_wrong_scales:  # what is left of the network is noise
        good = bool(warning)
    result = f"{equal}; {coordinate:.2g} px, {difference:.1g}" + (f"; warning: {warning}" if warning else "")
    print(name + f"{left} | {len(with_area(ours))} | {'' if good else '**FAULT** '}{result} |", flush=True)
    return good


def with_area(boxes):
    """Without those that are thinner than what is printed of a coordinate."""
    return boxes[((boxes[:, 2:4] - boxes[:, :2]) > 0.05).all(1)]


def suspicion(answer):
    """The line that doubts the scales of the file."""
    return next((line.strip() for line in answer.splitlines() if "do not fit" in line), "")


class Network(torch.nn.Module):
    def __init__(self, code, width, classes, state=None, activation=None):
        super().__init__()
        self.backbone = code.YOLOPAFPN(0.33, width, depthwise=True)
        self.head = code.YOLOXHead(classes, width, depthwise=True)
        self.head.decode_in_inference = False
        for module in self.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eps = 1e-3
            if activation and isinstance(module, code.blocks.BaseConv):
                module.act = activation()
        if state:
            self.load_state_dict(state)
        self.eval()

    def forward(self, x):
        return self.head(self.backbone(x))

    def predictions(self, image):
        with torch.no_grad():
            return self(torch.from_numpy(planes(image)))[0].numpy()


class Variants:
    """Files of a network in `folder`, each with its reference."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.code = authors.load(options.checkout)
        self.photograph = Image.open(options.image).convert("RGB")
        # The size that the weights were made for.
        shape = session(str(self.convert(options.weights, folder / "converted.onnx"))).get_inputs()[0].shape
        self.image = self.photograph.resize((shape[3], shape[2]))
        self.size = ("--size", f"{shape[2]}x{shape[3]}")
        self.checkpoint = folder / "converted.pth"
        self.convert(options.weights, self.checkpoint)
        self.state = torch.load(self.checkpoint, map_location="cpu", weights_only=True)["model"]
        self.classes = self.state["head.cls_preds.0.weight"].shape[0]

    def convert(self, source, target, *arguments):
        subprocess.run([self.options.yolox, "weights", "convert", str(source), str(target), *arguments], check=True,
                       stdout=subprocess.DEVNULL)
        return target

    def network(self, activation=None):
        return Network(self.code, 0.25, self.classes, self.state, activation)

    @property
    def example(self):
        return torch.from_numpy(planes(self.image))

    def export(self, name, network=None, opset=13, decode=False, **arguments):
        """By PyTorch's exporter that follows the running network, as the authors' tool does."""
        network, path = network or self.network(), self.folder / name
        if isinstance(network, Network):
            network.head.decode_in_inference = decode
        torch.onnx.export(network, self.example, str(path), input_names=["images"], output_names=["output"],
                          opset_version=opset, dynamo=False, **arguments)
        return path

    def saved(self, name, model):
        path = self.folder / name
        onnx.save(model, str(path))
        return path

    def by_runtime(self, path, feed=None):
        """The row of an ONNX file in the authors' layout."""
        runtime = session(str(path))
        source = runtime.get_inputs()[0]
        if feed is None:
            feed = planes(self.image)
            if source.type == "tensor(float16)":
                feed = feed.astype(numpy.float16)
        output = runtime.run(None, {source.name: feed})[0][0]
        return Row(path, "ONNX Runtime", output, self.image)

    # What exporters and optimisers write

    def exported(self):
        for opset in (11, 13, 17, 20):
            yield self.by_runtime(self.export(f"opset{opset}.onnx", opset=opset))
        for opset in ("13", "17", "21"):
            path = self.convert(self.options.weights, self.folder / f"converted-opset{opset}.onnx", "--opset", opset)
            yield self.by_runtime(path)
        decoding = self.folder / "converted-dynamic-decode.onnx"
        self.convert(self.options.weights, decoding, "--dynamic-batch", "--decode")
        yield dataclasses.replace(self.by_runtime(decoding), is_raw=False)
        decoding = self.export("decode.onnx", decode=True)
        yield dataclasses.replace(self.by_runtime(decoding), is_raw=False)
        axes = {"images": {0: "batch"}, "output": {0: "batch"}}
        yield self.by_runtime(self.export("dynamic-batch.onnx", dynamic_axes=axes))
        preserved = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
        yield self.by_runtime(self.export("batchnorm-left.onnx", **preserved))

    def dynamo(self):
        path = self.folder / "dynamo-external-data.onnx"
        torch.onnx.export(self.network(), (self.example,), str(path), dynamo=True, external_data=True, verbose=False)
        assert path.with_name(path.name + ".data").exists()
        yield self.by_runtime(path)
        path, batch = self.folder / "dynamo-dynamic-batch.onnx", torch.export.Dim("batch", min=1, max=8)
        torch.onnx.export(self.network(), (self.example.repeat(2, 1, 1, 1),), str(path), dynamo=True, external_data=False,
                          dynamic_shapes=({0: batch},), verbose=False)
        yield self.by_runtime(path)

    def optimised(self):
        import onnx_graphsurgeon
        import onnxruntime
        import onnxsim
        import onnxslim

        source = self.export("source.tmp")
        model = onnx.load(str(source))
        yield self.by_runtime(self.saved("onnxsim.onnx", onnxsim.simplify(copy.deepcopy(model))[0]))
        yield self.by_runtime(self.saved("onnxslim.onnx", onnxslim.slim(copy.deepcopy(model))))
        graph = onnx_graphsurgeon.import_onnx(copy.deepcopy(model))
        yield self.by_runtime(self.saved("graphsurgeon.onnx", onnx_graphsurgeon.export_onnx(graph.cleanup().toposort())))
        for level in ("basic", "extended"):
            path = self.folder / f"onnxruntime-{level}.onnx"
            settings = onnxruntime.SessionOptions()
            settings.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level.upper()}")
            settings.optimized_model_filepath, settings.log_severity_level = str(path), 4
            onnxruntime.InferenceSession(str(source), settings, providers=["CPUExecutionProvider"])
            yield self.by_runtime(path)

    def half(self):
        from onnxruntime.transformers.float16 import convert_float_to_float16

        source = self.export("source.tmp")
        # In float16 ONNX Runtime rounds activations; float32 on the rounded weights is the same network.
        for name, keep in (("fp16-weights.onnx", True), ("fp16.onnx", False)):
            path = self.saved(name, convert_float_to_float16(onnx.load(str(source)), keep_io_types=keep))
            rounded = onnx.load(str(source))
            for tensor in rounded.graph.initializer:
                if tensor.data_type == onnx.TensorProto.FLOAT:
                    values = numpy_helper.to_array(tensor).astype(numpy.float16).astype(numpy.float32)
                    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            row = self.by_runtime(self.saved("rounded.tmp", rounded))
            in_half = self.by_runtime(path).reference.astype(numpy.float32)
            yield dataclasses.replace(row, path=path, note=f"{self.count(in_half)} in fp16")

    def quantised(self):
        from onnxruntime import quantization

        for activation, make in (("silu", None), ("relu", torch.nn.ReLU)):
            source = self.export("source.tmp", self.network(make))
            origin, image = onnx.load(str(source)), planes(self.image)
            for kind in ("qdq", "qoperator", "dynamic"):
                path = self.folder / f"int8-{kind}-{activation}.onnx"
                if kind == "dynamic":
                    quantization.quantize_dynamic(str(source), str(path), op_types_to_quantize=["Conv"])
                else:
                    reader = types.SimpleNamespace(left=[{"images": image}])
                    reader.get_next = lambda reader=reader: reader.left.pop() if reader.left else None
                    per_channel = {"quant_format": quantization.QuantFormat.QDQ, "per_channel": True,
                                   "weight_type": quantization.QuantType.QInt8,
                                   "activation_type": quantization.QuantType.QInt8}
                    per_tensor = {"quant_format": quantization.QuantFormat.QOperator}
                    arguments = per_channel if kind == "qdq" else per_tensor
                    quantization.quantize_static(str(source), str(path), reader, **arguments)
                row = self.by_runtime(self.saved("dequantised.tmp", dequantised(onnx.load(str(path)), origin)))
                in_int8 = self.by_runtime(path).reference
                yield dataclasses.replace(row, path=path, note=f"{self.count(in_int8)} in int8")
                if kind == "dynamic" or make:
                    continue
                for factor in (1000, 0.001):
                    wrong = wrongly_scaled(onnx.load(str(path)), factor)
                    wrong = self.saved(f"int8-{kind}-scale-times-{factor}.onnx", wrong)
                    row = self.by_runtime(self.saved("dequantised.tmp", dequantised(onnx.load(str(wrong)), origin)))
                    yield dataclasses.replace(row, path=wrong, has_wrong_scales=True)

    def count(self, predictions):
        return len(detections(decoded(predictions, self.image.height, self.image.width, True)))

    def rewritten(self):
        """Outputs and inputs that people wrap around the network. PyTorch runs it without them."""
        plain = self.network().predictions(self.image)

        def row(name, wrapped, **arguments):
            return Row(self.export(name, wrapped, **arguments), "PyTorch", plain, self.image)

        yield row("transposed.onnx", Wrapped(self.network(), after=lambda y: y.permute(0, 2, 1)))
        yield row("rgb.onnx", Wrapped(self.network(), before=lambda x: x.flip(1)))
        yield row("0-to-1.onnx", Wrapped(self.network(), before=lambda x: x * 255))
        network = self.network()
        network.head.decode_in_inference = True
        model = onnx.load(str(self.export("selected.tmp", Wrapped(network, after=boxes_and_scores))))
        yield Row(self.saved("nms.onnx", with_nms(model)), "PyTorch", plain, self.image)
        wide = self.export("bilinear.onnx", bilinear(self.network()))
        yield Row(wide, "", "'Resize'", self.image)

    def activations(self):
        made = {"silu": torch.nn.SiLU, "relu": torch.nn.ReLU, "lrelu": lambda: torch.nn.LeakyReLU(0.1),
                "relu6": torch.nn.ReLU6, "hardswish": torch.nn.Hardswish}
        for name, make in made.items():
            yield self.by_runtime(self.export(f"activation-{name}.onnx", self.network(make), opset=14))
        for name, make in (("mish", torch.nn.Mish), ("gelu", torch.nn.GELU), ("elu", torch.nn.ELU)):
            path = self.export(f"activation-{name}.onnx", self.network(make), opset=14)
            yield Row(path, "", "its activation is", self.image)
        relu = self.network(torch.nn.ReLU).predictions(self.image)
        yield Row(self.checkpoint, "PyTorch", relu, self.image, ("--activation", "relu", *self.size))

    # Checkpoints

    def checkpoints(self):
        plain, state = self.network().predictions(self.image), self.state

        def row(name, content, reference=plain, **arguments):
            path = self.folder / name
            torch.save(content, path, **arguments)
            return Row(path, "PyTorch", reference, self.image, self.size)

        yield Row(self.checkpoint, "PyTorch", plain, self.image, self.size)
        yield row("before-1.6.pth", {"model": state}, _use_new_zipfile_serialization=False)
        yield row("lightning.ckpt", {
            "state_dict": {"model." + name: tensor for name, tensor in state.items()}, "pytorch-lightning_version": "2.0",
            "callbacks": {}, "hyper_parameters": argparse.Namespace(lr=0.1), "loops": {}})
        yield row("ddp.pth", {"model": {"module." + name: tensor for name, tensor in state.items()}})
        yield row("compiled.pth", {"_orig_mod." + name: tensor for name, tensor in state.items()})
        # Variances of 0...255 are beyond float16.
        halves = {name: tensor.half() if name.endswith("conv.weight") else tensor for name, tensor in state.items()}
        again = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in halves.items()}
        rounded = Network(self.code, 0.25, self.classes, again)
        yield row("half.pth", {"model": halves}, rounded.predictions(self.image))
        if self.options.cases:
            names = json.loads((self.options.cases / "mmdet_names.json").read_text())
            renamed = {names[name]: tensor for name, tensor in state.items() if name in names}
            meta = {"CLASSES": tuple(f"class {index}" for index in range(self.classes)), "epoch": 300}
            yield row("mmdetection.pth", {"state_dict": renamed, "meta": meta})
            # Its publish_model.py writes the format before 1.6.
            yield row("mmdetection-published.pth", {"state_dict": renamed, "meta": meta}, _use_new_zipfile_serialization=False)
            averaged = {"ema_" + name.replace(".", "_"): tensor for name, tensor in renamed.items()}
            yield row("mmdetection-ema.pth", {"state_dict": {**renamed, **averaged}, "meta": meta})
        path = self.convert(self.checkpoint, self.folder / "converted.safetensors")
        yield Row(path, "PyTorch", plain, self.image, self.size)
        torch.jit.save(torch.jit.trace(self.network(), self.example), str(self.folder / "torchscript.pt"))
        yield Row(self.folder / "torchscript.pt", "", "TorchScript", self.image)
        broken = {name: tensor.clone() for name, tensor in state.items()}
        broken["head.reg_preds.1.weight"].view(-1)[3] = float("nan")
        yield row("nan.pth", {"model": broken}, "head.reg_preds.1.weight")

    def in_other_programs(self):
        """What `yolox weights convert` writes, run by other programs."""
        import cv2
        import openvino

        path = self.folder / "converted.onnx"
        network = cv2.dnn.readNetFromONNX(str(path))
        network.setInput(planes(self.image))
        yield Row(path, "OpenCV", network.forward()[0], self.image)
        compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        yield Row(path, "OpenVINO", compiled(planes(self.image))[0][0], self.image)

    # Files of others

    def small_cases(self):
        folder, image = self.options.cases, self.photograph.resize((96, 96))
        state = torch.load(folder / "authors.pth", map_location="cpu", weights_only=False)
        network = Network(self.code, 0.0625, 3, state.get("model", state))
        refusals = {"one_nan.pth": "head.stems.0.conv.weight", "lfs_pointer.onnx": "git lfs pull",
                    "html_page.onnx": "HTML page"}
        for path in sorted(folder.iterdir()):
            if path.suffix not in (".onnx", ".pth"):
                continue
            if path.name in refusals:
                yield Row(path, "", refusals[path.name], image)
            elif path.suffix == ".pth":
                yield Row(path, "PyTorch", network.predictions(image), image, ("--size", "96"))
            else:
                runtime = session(str(path))
                output = runtime.run(None, {runtime.get_inputs()[0].name: planes(image)})[0][0]
                yield Row(path, "ONNX Runtime", output, image)

    def made(self):
        """The folder of make.py: predictions for an image of its own."""
        numbers = numpy.arange(3 * 96 * 96)
        channel, row, column = numbers // 9216, numbers // 96 % 96, numbers % 96
        pixels = ((channel * 85 + column * 2 + row * (channel + 1)) % 256).astype(numpy.uint8).reshape(3, 96, 96)
        bgr, rgb = (Image.fromarray(numpy.ascontiguousarray(planes.transpose(1, 2, 0))) for planes in (pixels[::-1], pixels))
        for path in sorted(self.options.made.iterdir()):
            if path.suffix in (".expected", ".data"):
                continue
            expected = path.with_name(path.name + ".expected")
            image = rgb if path.name.startswith("legacy") else bgr
            if not expected.exists():
                yield Row(path, "", "", image)
                continue
            anchors = sum((96 // stride) ** 2 for stride in (8, 16, 32))
            reference = numpy.fromfile(expected, numpy.float32).reshape(anchors, -1)
            arguments = () if path.suffix == ".onnx" else ("--size", "96")
            yield Row(path, "make.py", reference, image, arguments, nms=1)


class Wrapped(torch.nn.Module):
    def __init__(self, network, before=None, after=None):
        super().__init__()
        self.network, self.before, self.after = network, before or (lambda x: x), after or (lambda y: y)

    def forward(self, x):
        return self.after(self.network(self.before(x)))


def bilinear(network):
    network.backbone.upsample = torch.nn.Upsample(scale_factor=2, mode="bilinear")
    return network


def boxes_and_scores(output):
    """Corners [1, anchors, 4], row first as NonMaxSuppression reads them, and scores [1, classes, anchors]."""
    x, y, w, h = output[..., 0:1], output[..., 1:2], output[..., 2:3], output[..., 3:4]
    corners = torch.cat([y - h / 2, x - w / 2, y + h / 2, x + w / 2], -1)
    return corners, (output[..., 4:5] * output[..., 5:]).permute(0, 2, 1)


def with_nms(model):
    graph = model.graph
    boxes, scores = (output.name for output in graph.output)
    for name, value in (("max", numpy.array([200])), ("iou", numpy.array([0.45], numpy.float32)),
                        ("score", numpy.array([SCORE], numpy.float32))):
        graph.initializer.append(numpy_helper.from_array(value, name))
    graph.node.append(helper.make_node("NonMaxSuppression", [boxes, scores, "max", "iou", "score"], ["selected"]))
    graph.output.append(helper.make_tensor_value_info("selected", onnx.TensorProto.INT64, [None, 3]))
    return model


def wrongly_scaled(model, factor):
    """The file with the scales of one layer's weights, in the middle of the network, times `factor`."""
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    scales = [name + "_scale" for name, tensor in constants.items()
              if len(tensor.dims) == 4 and name.endswith("_quantized")]
    scales = [name.replace("_quantized_scale", "_scale") if name not in constants else name for name in scales]
    tensor = constants[scales[len(scales) // 2]]
    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * numpy.float32(factor), tensor.name))
    return model


def dequantised(quantised, origin):
    """`origin` with the weights that the quantised file holds."""
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in quantised.graph.initializer}
    # QLinearConv has no scale for its bias: it is the input's times the weights'.
    for node in quantised.graph.node:
        if node.op_type == "QLinearConv" and len(node.input) > 8:
            stored[node.input[8] + "_scale"] = stored[node.input[1]] * stored[node.input[4]]
            stored[node.input[8] + "_zero_point"] = numpy.zeros((), numpy.int32)
    network, count = copy.deepcopy(origin), 0
    for tensor in network.graph.initializer:
        integers = stored.get(tensor.name + "_quantized")
        # Biases have their scales under another name than weights.
        prefix = next((p for p in (tensor.name + "_quantized", tensor.name) if p + "_scale" in stored), None)
        if integers is None or prefix is None:
            continue
        scale, zero = stored[prefix + "_scale"], stored[prefix + "_zero_point"].astype(numpy.float32)
        places = (-1,) + (1,) * (integers.ndim - 1)
        scale, zero = (v.reshape(places) if v.size > 1 else v for v in (scale, zero))
        values = ((integers.astype(numpy.float32) - zero) * scale).astype(numpy.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
        count += 1
    assert count > 50, "the quantiser names its tensors in another way"
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout")
    parser.add_argument("image")
    parser.add_argument("--cases", type=pathlib.Path)
    parser.add_argument("--made", type=pathlib.Path)
    parser.add_argument("--yolox", default=".build/release/yolox")
    parser.add_argument("--weights", default="weights/yolox-nano-street.safetensors")
    parser.add_argument("--only", help="names of groups, such as exported,dynamo")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rows = faults = 0
    print(HEADING)
    with tempfile.TemporaryDirectory() as folder:
        variants = Variants(options, pathlib.Path(folder))
        groups = [("exported", "Exporters"), ("dynamo", "PyTorch's dynamo exporter"), ("optimised", "Optimisers"),
                  ("half", "float16"), ("quantised", "int8"), ("rewritten", "Inputs and outputs"),
                  ("activations", "Activations"), ("checkpoints", "Checkpoints"),
                  ("in_other_programs", "Written here, run by other programs")]
        groups += [("small_cases", "Small files with made-up weights")] if options.cases else []
        groups += [("made", "Files of make.py")] if options.made else []
        for group, title in groups:
            if options.only and group not in options.only.split(","):
                continue
            print(f"\n## {title}\n\n| file | boxes (by) | yolox | agreeing; largest difference, or the reason |")
            print("| --- | --- | --- | --- |")
            for row in getattr(variants, group)():
                rows, faults = rows + 1, faults + (not printed(row, options.yolox))
    print(f"\n{rows} files, {faults} faults.")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
