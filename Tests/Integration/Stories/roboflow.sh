#!/usr/bin/env bash
# From an unzipped export of Roboflow (YOLO's format) to served boxes, in the three commands at the top of docs/training.md and
# with no file but the export. The export is made here: 200 drawn images. The served boxes are compared with the drawn ones.
# Takes minutes.
#
# usage: Tests/Integration/Stories/roboflow.sh [BIN]      BIN has yolox and yolox-train (.build/release)
#
# The network starts from YOLOX-Nano, which a package of yolox installs and `make serve` downloads.
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
bin=$(realpath "${1:-$project/.build/release}")
PATH=$bin:$PATH
if [ -d "$project/../shared/weights" ]; then
  YOLOX_WEIGHTS_DIR=${YOLOX_WEIGHTS_DIR:-$(realpath "$project/../shared/weights")}
elif [ -e "$project/weights/yolox_nano.onnx" ]; then
  YOLOX_WEIGHTS_DIR=${YOLOX_WEIGHTS_DIR:-$project/weights}
fi
export YOLOX_WEIGHTS_DIR
# The drawings are small and simple, so that fewer epochs at their size are enough.
recipe="--epochs ${EPOCHS:-10} --size 160"
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT
say() { echo "story: $*"; }

# The block of the document, one command after the other.
mapfile -t commands < <(awk '/^```$/ { if (on) exit; on = 1; next } on' "$project/docs/training.md" | sed 's/ *# .*//')
if [ ${#commands[@]} -ne 3 ] || [[ ${commands[0]} != *' --epochs 30 '* || ${commands[2]} != *'@photo.jpg localhost:8080/'* ]]; then
  say "docs/training.md does not begin with the three commands"
  exit 1
fi

cd "$work"
mkdir drawn desk
(cd drawn && yolox-train shapes --train 160 --val 40 --output shapes >/dev/null)
# As Roboflow writes it: train and valid, centres and sizes as shares of the image, a data.yaml with paths that lead elsewhere.
python3 - <<'PYTHON'
import json, pathlib, zipfile

shapes = pathlib.Path("drawn/shapes")
with zipfile.ZipFile("shapes.v1.yolov8.zip", "w") as export:
    for ours, theirs in (("train", "train"), ("val", "valid")):
        content = json.loads((shapes / f"annotations/instances_{ours}.json").read_text())
        names = [category["name"] for category in content["categories"]]
        classes = [category["id"] for category in content["categories"]]
        for image in content["images"]:
            source = next(shapes.glob(f"{ours}*/**/{image['file_name']}"))
            name = f"{pathlib.Path(image['file_name']).stem}_png.rf.{image['id']:032x}"
            export.write(source, f"{theirs}/images/{name}.png")
            lines = []
            for entry in (one for one in content["annotations"] if one["image_id"] == image["id"]):
                x, y, width, height = entry["bbox"]
                centre = ((x + width / 2) / image["width"], (y + height / 2) / image["height"])
                shares = (*centre, width / image["width"], height / image["height"])
                lines.append(" ".join([str(classes.index(entry["category_id"])), *map(str, shares)]))
            export.writestr(f"{theirs}/labels/{name}.txt", "\n".join(lines))
    export.writestr(
        "data.yaml",
        f"train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: {len(names)}\nnames: {names!r}\n\n"
        "roboflow:\n  workspace: mine\n  project: shapes\n  version: 1\n  license: CC BY 4.0\n",
    )
    export.writestr("README.roboflow.txt", "shapes - v1\n")
PYTHON
python3 -m zipfile --extract shapes.v1.yolov8.zip desk/mine
cd desk

started=$SECONDS
eval "${commands[0]/--epochs 30/$recipe}"
trained=$SECONDS
eval "exec ${commands[1]} --port 0" 2>"$work/serve.log" &
service=$!
for _ in $(seq 300); do
  url=$(sed -n 's#.* url=\(http://[^ ]*\)/$#\1#p' "$work/serve.log")
  [ -z "$url" ] || break
  kill -0 "$service" 2>/dev/null || { cat "$work/serve.log" >&2; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { cat "$work/serve.log" >&2; exit 1; }
for photo in mine/valid/images/*.png; do
  third=${commands[2]/photo.jpg/$photo}
  third=${third/localhost:8080/$url}
  eval "${third/#curl /curl -sS --fail-with-body }" >"$work/$(basename "$photo" .png).json"
done

python3 - "$work" <<'PYTHON'
import ast, json, pathlib, sys

answers = pathlib.Path(sys.argv[1])
names = next(ast.literal_eval(line[7:]) for line in pathlib.Path("mine/data.yaml").read_text().split("\n") if line.startswith("names: "))


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


drawn = found = 0
overlaps = []
for labels in sorted(pathlib.Path("mine/valid/labels").glob("*.txt")):
    answer = json.loads((answers / f"{labels.stem}.json").read_text())
    width, height = answer["image"]["width"], answer["image"]["height"]
    truth = []
    for line in labels.read_text().split("\n"):
        index, *shares = line.split()
        x, y, w, h = map(float, shares)
        truth.append((names[int(index)], ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)))
    drawn += len(truth)
    found += len(answer["detections"])
    for one in sorted(answer["detections"], key=lambda one: -one["score"]):
        box = [one["box"][side] for side in ("x1", "y1", "x2", "y2")]
        same = [(iou(box, other), label, other) for label, other in truth if label == one["label"]]
        if same and max(same)[0] >= 0.5:
            overlap, label, other = max(same)
            truth.remove((label, other))
            overlaps.append(overlap)
right = len(overlaps)
print(f"story: of {drawn} drawn shapes {right} are found with their class and an IoU of at least 0.5, {sum(overlaps) / max(right, 1):.2f} on average; "
      f"{found - right} of {found} boxes are wrong")
if right < 0.9 * drawn or right < 0.9 * found or sum(overlaps) < 0.8 * right:
    sys.exit("story: the served boxes are not those that were drawn")
PYTHON
say "training took $((trained - started)) s, serving and 40 requests $((SECONDS - trained)) s"
