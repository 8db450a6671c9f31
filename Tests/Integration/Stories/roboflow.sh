#!/usr/bin/env bash
# From an unzipped export of Roboflow (YOLO's format) to served boxes in three commands: fit, serve, curl. The export is made
# here, of drawn shapes. Takes minutes.
#
# usage: Tests/Integration/Stories/roboflow.sh [BIN]      BIN has yolox and yolox-train (.build/release)
#
# WEIGHTS_NANO names yolox_nano.pth to start from; without it, training starts from nothing and takes more EPOCHS.
set -euo pipefail
project=$(cd "$(dirname "$0")/../../.." && pwd)
bin=$(realpath "${1:-$project/.build/release}")
weights=${WEIGHTS_NANO:-$project/../shared/weights/yolox_nano.pth}
if [ -e "$weights" ]; then weights=$(realpath "$weights"); else weights=; fi
if [ -n "$weights" ]; then epochs=${EPOCHS:-6}; else epochs=${EPOCHS:-40}; fi
PATH=$bin:$PATH
work=$(mktemp -d)
service=
trap '[ -z "$service" ] || kill "$service"; rm -rf "$work"' EXIT
cd "$work"

yolox-train shapes --output shapes >/dev/null
# As Roboflow writes it: train and valid, centres and sizes as shares of the image, a data.yaml with paths that lead elsewhere.
python3 - <<'PYTHON'
import json, pathlib, shutil

export = pathlib.Path("export")
for ours, theirs in (("train", "train"), ("val", "valid")):
    annotations = next(path for path in pathlib.Path("shapes").rglob(f"*{ours}*.json"))
    content = json.loads(annotations.read_text())
    classes = [category["id"] for category in content["categories"]]
    (export / theirs / "images").mkdir(parents=True)
    (export / theirs / "labels").mkdir()
    for image in content["images"]:
        source = next(pathlib.Path("shapes").glob(f"**/{ours}*/**/{image['file_name']}"))
        name = f"{pathlib.Path(image['file_name']).stem}_png.rf.0123456789abcdef"
        shutil.copy(source, export / theirs / "images" / f"{name}.png")
        lines = []
        for entry in (one for one in content["annotations"] if one["image_id"] == image["id"]):
            x, y, width, height = entry["bbox"]
            shares = ((x + width / 2) / image["width"], (y + height / 2) / image["height"], width / image["width"], height / image["height"])
            lines.append(" ".join([str(classes.index(entry["category_id"])), *(f"{share:.6f}" for share in shares)]))
        (export / theirs / "labels" / f"{name}.txt").write_text("\n".join(lines) + "\n")
names = [category["name"] for category in content["categories"]]
(export / "data.yaml").write_text(
    f"train: ../train/images\nval: ../valid/images\ntest: ../test/images\n\nnc: {len(names)}\nnames: {names!r}\n\n"
    "roboflow:\n  workspace: mine\n  project: shapes\n  version: 1\n"
)
PYTHON

# The three commands.
yolox-train fit --data export ${weights:+--weights "$weights"} --epochs "$epochs" --size 160 --output runs/mine
yolox serve --weights runs/mine/best.safetensors --port 0 2>serve.log &
service=$!
for _ in $(seq 300); do
  url=$(sed -n 's#.* url=\(http://[^ ]*\)/$#\1#p' serve.log)
  [ -z "$url" ] || break
  kill -0 "$service" || { cat serve.log >&2; exit 1; }
  sleep 0.1
done
[ -n "$url" ] || { cat serve.log >&2; exit 1; }
image=$(find export/valid/images -name '*.png' | sort | head -1)
answer=$(curl -sS --fail-with-body -F "image=@$image" "$url/detect")

python3 - "$answer" "${image/images/labels}" <<'PYTHON'
import json, pathlib, sys

found = json.loads(sys.argv[1])["detections"]
drawn = pathlib.Path(sys.argv[2]).with_suffix(".txt").read_text().split("\n")[:-1]
print(f"story: {len(drawn)} shapes were drawn, {len(found)} found: " + ", ".join(f"{one['label']} {one['score']}" for one in found))
sys.exit(0 if found and len(found) <= 2 * len(drawn) else "story: the service finds nothing of what was drawn")
PYTHON
