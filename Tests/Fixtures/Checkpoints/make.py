"""Writes small YOLOX files of many kinds into a folder, each with what ONNX Runtime or PyTorch makes of a fixed image.

    pip install -r Tests/Integration/Weights/requirements.txt
    python make.py YOLOX_CHECKOUT FOLDER
    YOLOX_EXPORTS=FOLDER swift test --filter MadeFiles

YOLOX_CHECKOUT is a clone of the authors' repository. FILE.expected holds float32 [anchors, 5 + classes] as the authors'
export gives them (no grid decoding). A file without one must be rejected.
"""
import argparse
import copy
import io
import os
import sys
import types

import numpy
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper

torch.set_num_threads(1)

parser = argparse.ArgumentParser()
parser.add_argument("yolox")
parser.add_argument("folder")
parser.add_argument("--only")
options = parser.parse_args()
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Integration/Weights"))
import authors

code = authors.load(options.yolox)
blocks, YOLOPAFPN, YOLOXHead = code.blocks, code.YOLOPAFPN, code.YOLOXHead

SIDE, CLASSES = 96, 3
numbers = numpy.arange(3 * SIDE * SIDE, dtype=numpy.int64)
channel, row, column = numbers // 9216, numbers // 96 % 96, numbers % 96
image = ((channel * 85 + column * 2 + row * (channel + 1)) % 256).astype(numpy.float32).reshape(1, 3, SIDE, SIDE)


class Network(torch.nn.Module):
    def __init__(self, depth=0.33, width=0.0625, depthwise=True, act="silu", classes=CLASSES, eps=1e-3):
        super().__init__()
        torch.manual_seed(3)
        self.backbone = YOLOPAFPN(depth, width, depthwise=depthwise, act=act)
        self.head = YOLOXHead(classes, width, depthwise=depthwise, act=act)
        self.head.decode_in_inference = False
        for module in self.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.eps = eps
                torch.nn.init.uniform_(module.weight, 0.8, 1.2)
                torch.nn.init.uniform_(module.bias, -0.3, 0.3)
                torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
                torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            if isinstance(module, torch.nn.Conv2d):
                fan = module.weight[0].numel()
                torch.nn.init.uniform_(module.weight, -(6 / fan) ** 0.5, (6 / fan) ** 0.5)
                if module.bias is not None:
                    torch.nn.init.uniform_(module.bias, -0.5, 0.5)
        self.backbone.backbone.stem.conv.conv.weight.data /= 128
        self.eval()

    def forward(self, x):
        return self.head(self.backbone(x))


def replace_activations(network, make):
    for module in network.modules():
        if isinstance(module, blocks.BaseConv):
            module.act = make()
    return network


def predictions(network):
    with torch.no_grad():
        return network(torch.from_numpy(image))[0].numpy()


def write(name, data, expected=None):
    path = os.path.join(options.folder, name)
    if isinstance(data, bytes):
        open(path, "wb").write(data)
    elif isinstance(data, onnx.ModelProto):
        onnx.save(data, path)
    if expected is not None:
        expected = numpy.ascontiguousarray(expected, dtype=numpy.float32)
        assert numpy.isfinite(expected).all()
        expected.tofile(path + ".expected")
    print(name, "" if expected is None else "expected std %.3f" % expected.std())


def export(network, opset=11, decode=False, names=("output",), **arguments):
    network.head.decode_in_inference = decode
    buffer = io.BytesIO()
    torch.onnx.export(network, torch.from_numpy(image), buffer, input_names=["images"], output_names=list(names),
                      opset_version=opset, dynamo=False, **arguments)
    network.head.decode_in_inference = False
    return onnx.load_model_from_string(buffer.getvalue())


def run(model, inputs=None):
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    return session.run(None, inputs or {session.get_inputs()[0].name: image})


def raw(model, inputs=None):
    return run(model, inputs)[0][0]


wanted = {}


def case(function):
    wanted[function.__name__] = function
    return function


def mmyolo(name):
    """The authors' name of a tensor in mmyolo's YOLOX (mmyolo/models: backbones, necks/yolox_pafpn.py, dense_heads)."""
    places = {
        "backbone.lateral_conv0.": "neck.reduce_layers.2.", "backbone.C3_p4.": "neck.top_down_layers.0.0.",
        "backbone.reduce_conv1.": "neck.top_down_layers.0.1.", "backbone.C3_p3.": "neck.top_down_layers.1.",
        "backbone.bu_conv2.": "neck.downsample_layers.0.", "backbone.bu_conv1.": "neck.downsample_layers.1.",
        "backbone.C3_n3.": "neck.bottom_up_layers.0.", "backbone.C3_n4.": "neck.bottom_up_layers.1.",
        "head.stems.": "neck.out_layers.", "head.cls_convs.": "bbox_head.head_module.multi_level_cls_convs.",
        "head.reg_convs.": "bbox_head.head_module.multi_level_reg_convs.",
        "head.cls_preds.": "bbox_head.head_module.multi_level_conv_cls.",
        "head.reg_preds.": "bbox_head.head_module.multi_level_conv_reg.",
        "head.obj_preds.": "bbox_head.head_module.multi_level_conv_obj.",
        "backbone.backbone.stem.": "backbone.stem.",
    }
    parts = {"dconv": "depthwise_conv", "pconv": "pointwise_conv", "m": "blocks"}
    in_csp = ".m." in name or any(place in name for place in ("dark2.1.", "dark3.1.", "dark4.1.", "dark5.2.", ".C3_"))
    for ours, theirs in places.items():
        if name.startswith(ours):
            name = theirs + name[len(ours):]
            break
    else:
        prefix = "backbone.backbone.dark"
        assert name.startswith(prefix), name
        name = f"backbone.stage{int(name[len(prefix)]) - 1}" + name[len(prefix) + 1:]
    pieces = name.split(".")
    if in_csp and "m" not in pieces:
        csp = {"conv1": "main_conv", "conv2": "short_conv", "conv3": "final_conv"}
        pieces = [csp.get(piece, piece) for piece in pieces]
    return ".".join(parts.get(piece, piece) for piece in pieces)


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


def onnx_case(name, model, expected=None, inputs=None, check=True):
    """Written with what ONNX Runtime makes of it where that is in the authors' layout, and with `expected` otherwise."""
    if check:
        onnx.checker.check_model(model)
    write(name + ".onnx", model, raw(model, inputs) if expected is None else expected)


@case
def opsets():
    network = Network()
    for opset in (11, 13, 17, 18):
        onnx_case(f"opset{opset}", export(network, opset))


@case
def variants():
    onnx_case("dense", export(Network(depthwise=False)))
    onnx_case("deep", export(Network(depth=0.67, width=0.125, depthwise=False)))
    for classes in (1, 2, 4, 80):
        onnx_case(f"classes{classes}", export(Network(classes=classes)))


@case
def activations():
    for act, make in {
        "relu": torch.nn.ReLU, "lrelu": lambda: torch.nn.LeakyReLU(0.1), "relu6": torch.nn.ReLU6,
        "hardswish": torch.nn.Hardswish, "silu_module": torch.nn.SiLU,
    }.items():
        network = replace_activations(Network(), make)
        onnx_case(f"act_{act}", export(network, 11))
        onnx_case(f"act_{act}_opset14", export(network, 14))
    for act, make in {
        "mish": torch.nn.Mish, "gelu": torch.nn.GELU, "elu": torch.nn.ELU, "none": torch.nn.Identity,
        "lrelu_0.01": lambda: torch.nn.LeakyReLU(0.01),
    }.items():
        write(f"act_{act}.onnx", export(replace_activations(Network(), make), 14))
    mixed = Network()
    mixed.head.stems[0].act = torch.nn.ReLU()
    write("act_mixed.onnx", export(mixed))


@case
def dynamo():
    network = Network()
    path = os.path.join(options.folder, "dynamo.onnx")
    torch.onnx.export(network, (torch.from_numpy(image),), path, dynamo=True, external_data=True)
    write("dynamo.onnx", None, predictions(network))
    batch = torch.export.Dim("batch", min=1, max=8)
    torch.onnx.export(network, (torch.from_numpy(image).repeat(2, 1, 1, 1),), os.path.join(options.folder, "dynamo_dynamic.onnx"),
                      dynamo=True, external_data=False, dynamic_shapes=({0: batch},))
    write("dynamo_dynamic.onnx", None, predictions(network))


@case
def optimizers():
    import onnxsim
    import onnxslim
    network = Network()
    model = export(network, 13)
    onnx_case("onnxsim", onnxsim.simplify(copy.deepcopy(model))[0])
    onnx_case("onnxslim", onnxslim.slim(copy.deepcopy(model)))
    for level, kind in (("basic", onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC),
                        ("extended", onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)):
        for act in ("silu", "relu", "lrelu"):
            source = export(Network(act=act), 13)
            settings = onnxruntime.SessionOptions()
            settings.graph_optimization_level = kind
            settings.log_severity_level = 3
            path = os.path.join(options.folder, f"ort_{level}_{act}.onnx")
            settings.optimized_model_filepath = path
            onnxruntime.InferenceSession(source.SerializeToString(), settings, providers=["CPUExecutionProvider"])
            write(f"ort_{level}_{act}.onnx", None, raw(source))
    try:
        import onnx_graphsurgeon
        graph = onnx_graphsurgeon.import_onnx(model)
        graph.cleanup().toposort()
        onnx_case("graphsurgeon", onnx_graphsurgeon.export_onnx(graph))
    except ImportError:
        pass
    with_bn = io.BytesIO()
    torch.onnx.export(network, torch.from_numpy(image), with_bn, opset_version=13, dynamo=False,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)
    onnx_case("batchnorm", onnx.load_model_from_string(with_bn.getvalue()))


@case
def dynamic_shapes():
    network = Network()
    axes = {"images": {0: "batch"}, "output": {0: "batch"}}
    onnx_case("dynamic_batch", export(network, 13, dynamic_axes=axes))
    everything = {"images": {0: "batch", 2: "height", 3: "width"}, "output": {0: "batch", 1: "anchors"}}
    model = export(network, 13, dynamic_axes=everything)
    model.metadata_props.add(key="imgsz", value="[96, 96]")
    onnx_case("dynamic_all", model)
    buffer = io.BytesIO()
    torch.onnx.export(network, torch.from_numpy(image).repeat(4, 1, 1, 1), buffer, opset_version=13, dynamo=False)
    write("batch4.onnx", buffer.getvalue(), predictions(network))


@case
def half():
    from onnxruntime.transformers.float16 import convert_float_to_float16
    network = Network()
    model = export(network, 13)
    write("fp16_keep_io.onnx", convert_float_to_float16(copy.deepcopy(model), keep_io_types=True), raw(model))
    write("fp16.onnx", convert_float_to_float16(copy.deepcopy(model)), raw(model))


@case
def quantized():
    from onnxruntime import quantization
    model = export(Network(act="relu"), 13)
    silu = export(Network(), 13)
    source = os.path.join(options.folder, "source.tmp")

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = [{"images": image}]

        def get_next(self):
            return self.left.pop() if self.left else None

    for name, origin in (("relu", model), ("silu", silu)):
        onnx.save(origin, source)
        path = os.path.join(options.folder, f"int8_qdq_{name}.onnx")
        quantization.quantize_static(source, path, Reader(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                                     weight_type=quantization.QuantType.QInt8,
                                     activation_type=quantization.QuantType.QInt8)
        int8_case(f"int8_qdq_{name}.onnx", origin)
        path = os.path.join(options.folder, f"int8_qoperator_{name}.onnx")
        quantization.quantize_static(source, path, Reader(), quant_format=quantization.QuantFormat.QOperator)
        int8_case(f"int8_qoperator_{name}.onnx", origin)
        path = os.path.join(options.folder, f"int8_dynamic_{name}.onnx")
        quantization.quantize_dynamic(source, path, op_types_to_quantize=["Conv"])
        int8_case(f"int8_dynamic_{name}.onnx", origin)
    os.remove(source)


def int8_case(name, origin):
    """Expected is what ONNX Runtime makes of the float network with the file's weights, each (integer - zero) * scale."""
    quantized = onnx.load(os.path.join(options.folder, name))
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in quantized.graph.initializer}
    # QLinearConv has no scale for its bias: it is the input's times the weights'.
    for node in quantized.graph.node:
        if node.op_type == "QLinearConv" and len(node.input) > 8:
            stored[node.input[8] + "_scale"] = stored[node.input[1]] * stored[node.input[4]]
            stored[node.input[8] + "_zero_point"] = numpy.zeros((), numpy.int32)
    float_network = copy.deepcopy(origin)
    count = 0
    for tensor in float_network.graph.initializer:
        # Biases have their scales under another name than weights.
        prefix = next((p for p in (tensor.name + "_quantized", tensor.name) if p + "_scale" in stored), None)
        if tensor.name + "_quantized" not in stored or prefix is None:
            continue
        integers, scale = stored[tensor.name + "_quantized"].astype(numpy.float32), stored[prefix + "_scale"]
        zero = stored[prefix + "_zero_point"].astype(numpy.float32)
        places = (-1,) + (1,) * (integers.ndim - 1)
        scale, zero = (v.reshape(places) if v.size > 1 else v for v in (scale, zero))
        tensor.CopyFrom(numpy_helper.from_array(((integers - zero) * scale).astype(numpy.float32), tensor.name))
        count += 1
    expected, runtime = raw(float_network), raw(quantized)
    write(name, None, expected)
    rms = lambda a, b: numpy.sqrt(numpy.mean((a - b) ** 2))
    print(name, "%d tensors; weights are off by %.4f (RMS), ONNX Runtime's int8 by %.4f" % (
        count, rms(expected, raw(origin)), rms(runtime, raw(origin))))


class Decoded(torch.nn.Module):
    """The network with something behind it."""

    def __init__(self, network, after, before=None):
        super().__init__()
        self.network, self.after, self.before = network, after, before
        self.head = network.head
        self.eval()

    def forward(self, x):
        if self.before is not None:
            x = self.before(x)
        return self.after(self.network(x)) if self.after is not None else self.network(x)


def corners(boxes):
    center, size = boxes[..., :2], boxes[..., 2:4] / 2
    return torch.cat([center - size, center + size], dim=-1)


@case
def decoding():
    network = Network()
    expected = predictions(network)
    write("decoded.onnx", export(network, 13, decode=True), expected)
    write("decoded_opset11.onnx", export(network, 11, decode=True), expected)
    write("transposed.onnx", export(Decoded(network, lambda y: y.transpose(1, 2)), 13), expected)
    write("separate.onnx", export(Decoded(network, lambda y: (y[..., :4], y[..., 4:5], y[..., 5:])), 13,
                                  names=("boxes", "objectness", "classes")), expected)
    write("scores_multiplied.onnx", export(Decoded(network, lambda y: (corners(y), y[..., 4:5] * y[..., 5:])), 13,
                                           decode=True, names=("boxes", "scores")), expected)

    class Nine(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network, self.head = network, network.head

        def forward(self, x):
            outputs = []
            for k, feature in enumerate(network.backbone(x)):
                stem = network.head.stems[k](feature)
                category, box = network.head.cls_convs[k](stem), network.head.reg_convs[k](stem)
                outputs += [network.head.cls_preds[k](category), network.head.reg_preds[k](box), network.head.obj_preds[k](box)]
            return tuple(outputs[::3] + outputs[1::3] + outputs[2::3])

    write("nine_outputs.onnx", export(Nine().eval(), 13, names=[f"o{i}" for i in range(9)]), expected)

    class Levels(Nine):
        def forward(self, x):
            nine = super().forward(x)
            return tuple(torch.cat([nine[3 + k], nine[6 + k], nine[k]], 1).permute(0, 2, 3, 1) for k in range(3))

    write("three_outputs_logits.onnx", export(Levels().eval(), 13, names=["a", "b", "c"]), expected)
    wrong = Network()
    wrong.head.strides = [8, 16, 64]
    write("wrong_stride.onnx", export(wrong, 13, decode=True))
    write("wrong_decoding.onnx", export(Decoded(network, lambda y: torch.cat([y[..., :2] * 2, y[..., 2:]], -1)), 13))
    write("scores_only.onnx", export(Decoded(network, lambda y: y[..., 4:]), 13))

    model = export(Decoded(network, lambda y: (corners(y), (y[..., 4:5] * y[..., 5:]).transpose(1, 2))), 13, decode=True,
                   names=("boxes", "scores"))
    graph = model.graph
    for name, value in (("max", numpy.array([100], numpy.int64)), ("iou", numpy.array([0.45], numpy.float32)),
                        ("score", numpy.array([0.25], numpy.float32))):
        graph.initializer.append(numpy_helper.from_array(value, name))
    graph.node.append(helper.make_node("NonMaxSuppression", ["boxes", "scores", "max", "iou", "score"], ["selected"]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("selected", onnx.TensorProto.INT64, [None, 3]))
    write("nms_inside.onnx", model, expected)


@case
def inputs():
    network = Network()
    expected = predictions(network)
    model = lambda before, example: export_with(network, before, example)
    write("nhwc.onnx", model(lambda x: x.permute(0, 3, 1, 2), torch.from_numpy(image).permute(0, 2, 3, 1)), expected)
    write("uint8_nhwc.onnx", model(lambda x: x.permute(0, 3, 1, 2).float(),
                                   torch.from_numpy(image).permute(0, 2, 3, 1).to(torch.uint8)), expected)
    write("rgb.onnx", model(lambda x: x.flip(1), torch.from_numpy(image)), expected)
    write("rgb_index.onnx", model(lambda x: x[:, [2, 1, 0]], torch.from_numpy(image)), expected)
    write("unit_range.onnx", model(lambda x: x * 255, torch.from_numpy(image)), expected)
    scaled = Network()
    scaled.backbone.backbone.stem.conv.conv.weight.data *= 255
    write("divided.onnx", export_with(scaled, lambda x: x / 255, torch.from_numpy(image)), expected)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    legacy = Network()
    legacy.backbone.backbone.stem.conv.conv.weight.data *= 57
    file = export_with(legacy, lambda x: (x / 255 - mean) / deviation, torch.from_numpy(image))
    normal = (image / 255 - mean.numpy()) / deviation.numpy()
    with torch.no_grad():
        write("legacy_inside.onnx", file, legacy(torch.from_numpy(normal.astype(numpy.float32)))[0].numpy())
    write("odd_mean.onnx", export_with(network, lambda x: (x - 128) / 10, torch.from_numpy(image)))
    gray = Network()
    gray.backbone.backbone.stem.conv.conv = torch.nn.Conv2d(4, 4, 3, 1, 1, bias=False)
    write("gray.onnx", export_with(gray, None, torch.from_numpy(image[:, :1])))


def export_with(network, before, example):
    buffer = io.BytesIO()
    torch.onnx.export(Decoded(network, None, before), example, buffer, input_names=["images"], opset_version=13, dynamo=False)
    return onnx.load_model_from_string(buffer.getvalue())


@case
def focuses():
    network = Network()
    expected = predictions(network)

    stem = network.backbone.backbone.stem
    original = type(stem).forward
    outside = torch.cat([torch.from_numpy(image)[..., a::2, b::2] for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))], 1)
    type(stem).forward = lambda self, x: self.conv(x)
    write("focus_outside.onnx", export_with(network, None, outside), expected)
    order = [(c, p) for c in range(3) for p in ((0, 0), (0, 1), (1, 0), (1, 1))]
    keep = stem.conv.conv.weight.data
    index = [{(0, 0): 0, (1, 0): 1, (0, 1): 2, (1, 1): 3}[p] * 3 + c for c, p in order]
    stem.conv.conv.weight.data = keep[:, index]
    write("focus_pixel_unshuffle.onnx", export_with(network, lambda x: torch.nn.functional.pixel_unshuffle(x, 2), torch.from_numpy(image)), expected)
    wide = torch.nn.Conv2d(3, keep.shape[0], 6, 2, 2, bias=False)
    for phase, (row, column) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        wide.weight.data[:, :, row::2, column::2] = keep[:, phase * 3:phase * 3 + 3]
    stem.conv.conv = wide
    write("focus_6x6.onnx", export_with(network, None, torch.from_numpy(image)), expected)
    type(stem).forward = original


@case
def structure():
    network = Network()
    # CSP branches joined in the other order, their reader's weights with them: the same function.
    layer = blocks.CSPLayer
    original = layer.forward
    expected = predictions(network)

    def swapped(self, x):
        first, second = self.m(self.conv1(x)), self.conv2(x)
        return self.conv3(torch.cat((second, first), dim=1))

    layer.forward = swapped
    write("csp_swapped_untrained.onnx", export(network), predictions(network))
    for module in network.modules():
        if isinstance(module, layer):
            weight = module.conv3.conv.weight.data
            half = weight.shape[1] // 2
            module.conv3.conv.weight.data = torch.cat([weight[:, half:], weight[:, :half]], 1)
    assert numpy.abs(predictions(network) - expected).max() < 1e-4
    write("csp_swapped.onnx", export(network), expected)
    layer.forward = original
    network = Network()
    original = blocks.SPPBottleneck.forward

    def chained(self, x):
        x = self.conv1(x)
        pool = torch.nn.functional.max_pool2d
        a = pool(x, 5, 1, 2)
        b = pool(a, 5, 1, 2)
        return self.conv2(torch.cat([x, a, b, pool(b, 5, 1, 2)], 1))

    blocks.SPPBottleneck.forward = chained
    write("spp_chained.onnx", export(network), predictions(network))

    def small(self, x):
        x = self.conv1(x)
        pool = torch.nn.functional.max_pool2d
        return self.conv2(torch.cat([x, pool(x, 3, 1, 1), pool(x, 5, 1, 2), pool(x, 7, 1, 3)], 1))

    blocks.SPPBottleneck.forward = small
    write("spp_other_sizes.onnx", export(network))
    blocks.SPPBottleneck.forward = original
    network.backbone.upsample = torch.nn.Upsample(scale_factor=2, mode="bilinear")
    write("bilinear.onnx", export(network))


@case
def external():
    network = Network()
    model = export(network, 13)
    expected = raw(model)
    path = os.path.join(options.folder, "external.onnx")
    onnx.save(copy.deepcopy(model), path, save_as_external_data=True, location="external.onnx.data", size_threshold=0)
    write("external.onnx", None, expected)
    outside = onnx.load(path, load_external_data=False)
    for tensor in outside.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../" + os.path.basename(options.folder) + "/external.onnx.data"
    write("external_traversal.onnx", outside.SerializeToString())
    for tensor in outside.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "absent.data"
    write("external_absent.onnx", outside.SerializeToString())


@case
def torch_files():
    network = Network()
    expected = predictions(network)
    state = network.state_dict()

    def save(name, content, expected=expected, **arguments):
        buffer = io.BytesIO()
        torch.save(content, buffer, **arguments)
        write(name, buffer.getvalue(), expected)

    save("state_dict.pth", state)
    save("model.pth", {"model": state, "start_epoch": 3, "best_ap": numpy.float64(0.3)})
    save("before_1.6.pth", {"model": state}, _use_new_zipfile_serialization=False)
    save("bare_before_1.6.pth", state, _use_new_zipfile_serialization=False)
    save("ddp.pth", {"model": {"module." + k: v for k, v in state.items()}})
    save("compiled.pth", {"_orig_mod." + k: v for k, v in state.items()})
    save("nested.pth", {"net": {"module.model." + k: v for k, v in state.items()}})
    save("detector.pth", {"model_state_dict": {"detector." + k: v for k, v in state.items()}, "epoch": 1})
    save("mmyolo.pth", {"state_dict": {mmyolo(k): v for k, v in state.items()}, "meta": {"epoch": 1}})
    save("libreyolo.pt", {"model": state, "names": {0: "bolt", 1: "nut", 2: "washer"}, "nc": 3, "size": "n",
                          "model_family": "yolox", "epoch": 1, "ema": None})
    save("bubbliiiing.pth", state, _use_new_zipfile_serialization=False)
    save("lightning.ckpt", {"state_dict": {"model." + k: v for k, v in state.items()}, "pytorch-lightning_version": "2.0",
                            "callbacks": {}, "hyper_parameters": argparse.Namespace(lr=0.1), "loops": {}})
    import collections
    import pathlib
    counters = collections.defaultdict(list)
    counters["a"].append(pathlib.PurePosixPath("/x"))
    save("with_objects.pth", {"args": argparse.Namespace(a=1), "history": counters, "array": numpy.zeros(3), "model": state,
                              "dtype": torch.float16, "device": torch.device("cpu"), "set": {1, 2}, "frozen": frozenset([1]),
                              "big": 1 << 80, "complex": 1j, "range": range(3), "slice": slice(1, 2)})
    save("half.pth", {"model": {k: v.half() if v.is_floating_point() else v for k, v in state.items()}},
         expected=predictions(network))
    save("parameters.pth", {k: torch.nn.Parameter(v) if v.is_floating_point() else v for k, v in state.items()})
    save("extra_head.pth", {"state_dict": {**{"model." + k: v for k, v in state.items()}, "criterion.weight": torch.zeros(3),
                                           "ema_" + "x": torch.zeros(1)}})
    scripted = io.BytesIO()
    torch.jit.save(torch.jit.trace(network, torch.from_numpy(image)), scripted)
    write("torchscript.pt", scripted.getvalue())
    buffer = io.BytesIO()
    sys.modules["yolox_network"] = types.ModuleType("yolox_network")
    Network.__module__ = "yolox_network"
    sys.modules["yolox_network"].Network = Network
    torch.save(network, buffer)
    write("whole_model.pth", buffer.getvalue())
    for name, value in (("nan", float("nan")), ("infinite", float("inf"))):
        broken = {k: v.clone() for k, v in state.items()}
        broken["head.reg_preds.1.weight"].view(-1)[3] = value
        save(f"{name}.pth", {"model": broken}, expected=None)


if __name__ == "__main__":
    os.makedirs(options.folder, exist_ok=True)
    for name, function in wanted.items():
        if options.only is None or name in options.only.split(","):
            try:
                function()
            except Exception as error:  # one exporter that is absent or too new hides none of the others
                print("FAILED", name, type(error).__name__, str(error)[:300])
