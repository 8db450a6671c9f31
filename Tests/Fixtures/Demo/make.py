"""Makes the fixtures in this folder: what others compute with the demo network, weights/yolox-nano-street.safetensors.

    python make.py YOLOX BIN        # YOLOX: a clone of the authors' repository; BIN: a folder with yolox and yolox-train
    python make.py --check YOLOX BIN    # compares with the files instead of writing them

Needs torch, numpy, opencv-python-headless, onnxruntime, pycocotools and safetensors.

batch-0.png to batch-3.png are four drawn scenes, letterboxed to 192x192 by the authors' code. With them as a batch:

- outputs.safetensors: `raw` [4, 756, 13], what the authors' network gives in float64 before decoding: offsets, logarithms of
  sizes, probabilities. ONNX Runtime gives the same, within 1e-4, from the file that `yolox weights convert` exports.
- training.safetensors, from three training steps of the authors' code in float64 (BatchNorm momentum 0.03; SGD with learning
  rate 1e-4, Nesterov momentum 0.9 and weight decay 5e-4 on weights of convolutions; EMA with decay 0.9998):
  - `targets` [4, 8, 5]: class, center and size in pixels; rows of zeros are padding;
  - `losses_use_l1` and `losses_no_l1` [3, 6]: total, 5 * iou, l1, objectness, class, foregrounds for each object;
  - `assign<b>/anchor_index|matched_gt|iou`: what SimOTA chose for image b in the first step;
  - `grad/<key>`: gradients of the first step with L1;
  - `delta3/<key>`, `ema_delta3/<key>`: how far parameters, statistics and their averages moved in three steps with L1.
  Of tensors with more than 64 numbers there is a sketch (`sketch` below): inner products and lengths of sketches are those of
  the tensors, with an error of about an eighth, so that sketches of near tensors are near, whichever numbers differ.

evaluation.json: pycocotools' numbers for what ONNX Runtime finds in the 300 scenes of `yolox-train scenes --train 0 --val 300
--seed 2` (score at least 0.01, NMS 0.65 by class), and the detections of the first 20 (score at least 0.3, NMS 0.45).
"""

import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import onnxruntime
import torch
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from detections import detect, evaluate, predictions

WEIGHTS = HERE.parents[2] / "weights/yolox-nano-street.safetensors"
SIDE = 192
BUCKETS = 64


def sketch(values):
    """Adds each number, its sign changed or not, to one of 64 buckets: a count sketch (Charikar and others, 2002).

    Bucket and sign of number i are the lowest six bits and the highest bit of the i-th number of splitmix64 from seed 0.
    """
    values = np.asarray(values, np.float64).ravel()
    if values.size <= BUCKETS:
        return values
    with np.errstate(over="ignore"):
        z = np.arange(1, values.size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    signs = 1 - 2 * (z >> np.uint64(63)).astype(np.float64)
    return np.bincount((z & np.uint64(63)).astype(np.int64), values * signs, BUCKETS)


def authors_network(labels, state):
    from yolox.models import YOLOX, YOLOPAFPN, YOLOXHead

    channels = [256, 512, 1024]
    model = YOLOX(
        YOLOPAFPN(0.33, 0.25, in_channels=channels, depthwise=True),
        YOLOXHead(len(labels), 0.25, in_channels=channels, depthwise=True)).double()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eps, module.momentum = 1e-3, 0.03
    missing, _ = model.load_state_dict(state, strict=False)
    assert all(key.endswith("num_batches_tracked") for key in missing), missing
    return model


def batch(scenes, truth, preproc):
    """Images [4, 3, 192, 192] and targets [4, 8, 5] of the first scenes with at least two objects."""
    categories = sorted(category["id"] for category in truth["categories"])
    images, targets = [], np.zeros((4, 8, 5))
    for entry in truth["images"]:
        objects = [one for one in truth["annotations"] if one["image_id"] == entry["id"]]
        if len(objects) < 2 or len(images) == 4:
            continue
        image, scale = preproc(cv2.imread(str(scenes / "val" / entry["file_name"])), (SIDE, SIDE))
        for row, one in enumerate(objects):
            x, y, width, height = np.asarray(one["bbox"]) * scale
            targets[len(images), row] = categories.index(one["category_id"]), x + width / 2, y + height / 2, width, height
        images.append(np.asarray(image))
    return np.stack(images), targets.astype(np.float32).astype(np.float64)


def training(labels, state, images, targets, uses_l1):
    """Losses of three steps, what SimOTA chose in the first, its gradients, and how far everything moved."""
    from yolox.utils import ModelEMA

    model = authors_network(labels, state).train()
    model.head.use_l1 = uses_l1
    tensors, assign = {}, model.head.get_assignments
    calls = []

    def record(*arguments, **named):
        result = assign(*arguments, **named)
        calls.append(result)
        return result

    model.head.get_assignments = record
    norms, weights, biases = [], [], []
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            norms.append(module.weight)
        elif isinstance(getattr(module, "weight", None), torch.nn.Parameter):
            weights.append(module.weight)
        if isinstance(getattr(module, "bias", None), torch.nn.Parameter):
            biases.append(module.bias)
    optimizer = torch.optim.SGD(norms, lr=1e-4, momentum=0.9, nesterov=True)
    optimizer.add_param_group({"params": weights, "weight_decay": 5e-4})
    optimizer.add_param_group({"params": biases})
    start = {key: value.clone() for key, value in model.state_dict().items()}
    average = ModelEMA(model, 0.9998)
    losses = []
    for step in range(3):
        outputs = model(torch.from_numpy(images).double(), torch.from_numpy(targets))
        losses.append([float(outputs[key]) for key in ("total_loss", "iou_loss", "l1_loss", "conf_loss", "cls_loss", "num_fg")])
        optimizer.zero_grad()
        outputs["total_loss"].backward()
        if step == 0:
            for image, (_, mask, ious, matched, _) in enumerate(calls):
                tensors[f"assign{image}/anchor_index"] = mask.nonzero().ravel().numpy()
                tensors[f"assign{image}/matched_gt"] = matched.numpy()
                tensors[f"assign{image}/iou"] = ious.detach().numpy()
            for key, value in model.named_parameters():
                tensors["grad/" + key] = sketch(value.grad)
        optimizer.step()
        average.update(model)
    for prefix, end in (("delta3/", model.state_dict()), ("ema_delta3/", average.ema.state_dict())):
        for key, value in end.items():
            if not key.endswith("num_batches_tracked"):
                tensors[prefix + key] = sketch((value - start[key]).detach())
    return np.asarray(losses), tensors


def evaluation(session, side, scenes, truth):
    categories = sorted(truth["categories"], key=lambda category: category["id"])
    results, detections = [], {}
    for entry in truth["images"]:
        boxes, scores = predictions(session, cv2.imread(str(scenes / "val" / entry["file_name"])), side)
        # Boxes of objects that the image cuts off end with it, as the truth's do.
        boxes = np.clip(boxes, 0, [entry["width"], entry["height"]] * 2)
        for label, score, box in detect(boxes, scores, 0.01, 0.65):
            results.append({
                "image_id": entry["id"], "category_id": categories[label]["id"], "score": score,
                "bbox": [float(number) for number in (*box[:2], *(box[2:] - box[:2]))]})
        if len(detections) < 20:
            detections[entry["file_name"]] = [
                {"class_id": label, "score": round(score, 4), "box": [round(float(number), 2) for number in box]}
                for label, score, box in detect(boxes, scores, 0.3, 0.45)]
    _, statistics = evaluate(scenes / "annotations/instances_val.json", results)
    return {"statistics": statistics, "detections": detections}


def main():
    repository, commands = sys.argv[-2:]
    sys.path.insert(0, repository)
    # The package around it needs more than this script does.
    spec = importlib.util.spec_from_file_location("data_augment", f"{repository}/yolox/data/data_augment.py")
    augment = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(augment)
    with safe_open(WEIGHTS, "pt") as file:
        labels = file.metadata()["labels"].split("\n")
        state = {key: file.get_tensor(key).double() for key in file.keys() if not key.startswith("calibration")}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        scenes = folder / "scenes"
        subprocess.run(
            [f"{commands}/yolox-train", "scenes", "--train", "0", "--val", "300", "--seed", "2", "--output", scenes], check=True)
        truth = json.loads((scenes / "annotations/instances_val.json").read_text())
        images, targets = batch(scenes, truth, augment.preproc)
        for index, image in enumerate(images):
            cv2.imwrite(str(HERE / f"batch-{index}.png"), image.transpose(1, 2, 0).astype(np.uint8))

        model = authors_network(labels, state).eval()
        model.head.decode_in_inference = False
        with torch.no_grad():
            raw = model(torch.from_numpy(images).double()).numpy()
        sides = {}
        for size in (SIDE, None):
            path = folder / f"{size}.onnx"
            option = ["--size", str(size)] if size else []
            subprocess.run([f"{commands}/yolox", "weights", "convert", WEIGHTS, path, *option], check=True)
            sides[size] = onnxruntime.InferenceSession(str(path))
        for index, image in enumerate(images):
            name = sides[SIDE].get_inputs()[0].name
            found = sides[SIDE].run(None, {name: image[None].astype(np.float32)})[0][0]
            # Sizes are logarithms of up to 5; the others lie in 0...1 or beside it.
            assert np.abs(found - raw[index]).max() < 1e-4, np.abs(found - raw[index]).max()
        outputs = {"raw": raw}
        losses, tensors = training(labels, state, images, targets, True)
        tensors |= {"losses_use_l1": losses, "targets": targets}
        tensors["losses_no_l1"], _ = training(labels, state, images, targets, False)
        side = sides[None].get_inputs()[0].shape[2]
        figures = evaluation(sides[None], side, scenes, truth)

    tables = {"outputs.safetensors": outputs, "training.safetensors": tensors}
    for name, numbers in tables.items():
        numbers = {key: np.ascontiguousarray(value, np.float32) for key, value in numbers.items()}
        if "--check" in sys.argv:
            known = load_file(HERE / name)
            assert known.keys() == numbers.keys()
            worst = max(float(np.abs(known[key] - numbers[key]).max(initial=0)) for key in known)
            print(f"{name}: numbers differ by at most {worst:.2g}")
        else:
            save_file(numbers, HERE / name)
    print(figures["statistics"])
    if "--check" not in sys.argv:
        (HERE / "evaluation.json").write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
