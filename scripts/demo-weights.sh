#!/usr/bin/env bash
# Trains the demo network from nothing, on scenes that this project draws, and writes it to weights/. Interrupted, it goes
# on where it stopped when it is called again. Two threads: their number changes the order of sums, and so the bits.
set -euo pipefail

bin=${1:-.build/release}
run=${2:-runs/street}
output=${3:-weights/yolox-nano-street.safetensors}

# scenes FOLDER TRAINING VALIDATION SEED
scenes() {
  [ -e "$1/annotations/instances_val.json" ] ||
    "$bin/yolox-train" scenes --train "$2" --val "$3" --seed "$4" --output "$1"
}

mkdir -p "$run"
scenes "$run/train" 8000 300 1
scenes "$run/refine" 8000 300 3
# Of another seed: neither trained on nor used to choose the best epoch.
scenes "$run/test" 0 300 2

# Every scene is new, so mosaics would only change the objects' sizes.
options=(--batch-size 8 --multi-scale off --mosaic 0 --warmup-epochs 1 --clip-grad-norm 10 --threads 2 --or-resume)
"$bin/yolox-train" fit --data "$run/train" --model nano --size 256 --epochs 28 --no-aug-epochs 4 \
  --learning-rate 0.012 --eval-interval 4 --seed 1 --output "$run/fit" "${options[@]}"
# Larger images, and scenes that the first run has not seen: it fits its own by four points better than others.
"$bin/yolox-train" fit --data "$run/refine" --weights "$run/fit/best.safetensors" --size 320 --epochs 8 \
  --no-aug-epochs 3 --learning-rate 0.006 --eval-interval 2 --seed 2 --output "$run/refined" "${options[@]}"

"$bin/yolox-train" export --weights "$run/refined/best.safetensors" --dtype f16 --license Apache-2.0 \
  --output "$run/street-f16.safetensors"
# Ranges for int8 from training images; average precision in each precision from the test images.
"$bin/yolox" weights quantize --weights "$run/street-f16.safetensors" --calibration-images "$run/refine/train" \
  --annotations "$run/test/annotations/instances_val.json" --images "$run/test/val" --dtype f16 --output "$output"
