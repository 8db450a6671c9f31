#!/usr/bin/env bash
# Trains the demo network from nothing, on scenes that this project draws, and writes it to weights/. Interrupted, it goes
# on where it stopped when it is called again. Two threads: their number changes the order of sums, and so the bits.
set -euo pipefail

bin=${1:-.build/release}
run=${2:-runs/street}
output=${3:-weights/yolox-nano-street.safetensors}

mkdir -p "$run"
if [ ! -e "$run/train/annotations/instances_val.json" ]; then
  "$bin/yolox-train" scenes --train 8000 --val 300 --seed 1 --output "$run/train"
fi
# Of another seed: neither trained on nor used to choose the best epoch.
if [ ! -e "$run/test/annotations/instances_val.json" ]; then
  "$bin/yolox-train" scenes --train 0 --val 300 --seed 2 --output "$run/test"
fi

# Every scene is new, so mosaics would only change the objects' sizes.
"$bin/yolox-train" fit --data "$run/train" --model nano --size 256 --batch-size 8 --multi-scale off --mosaic 0 \
  --epochs 28 --warmup-epochs 1 --no-aug-epochs 4 --learning-rate 0.012 --clip-grad-norm 10 --eval-interval 4 \
  --seed 1 --threads 2 --output "$run/fit" --or-resume

"$bin/yolox-train" export --weights "$run/fit/best.safetensors" --dtype f16 --license Apache-2.0 \
  --output "$run/street-f16.safetensors"
# Ranges for int8 from training images; average precision in each precision from the test images.
"$bin/yolox" weights quantize --weights "$run/street-f16.safetensors" --calibration-images "$run/train/train" \
  --annotations "$run/test/annotations/instances_val.json" --images "$run/test/val" --dtype f16 --output "$output"
