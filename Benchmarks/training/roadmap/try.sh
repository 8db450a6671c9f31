#!/usr/bin/env bash
# Checks that every row of the roadmap trains, evaluates and writes its weights: an epoch of each on a few drawn images.
#
# usage: Benchmarks/training/roadmap/try.sh [YOLOX-TRAIN]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${1:-$here/../../../.build/release/yolox-train}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$program" shapes --output "$work/data" --train 8 --val 4 --size 96
for configuration in "$here"/*.conf; do
  row=$(basename "$configuration" .conf)
  # Options of the command line take precedence over those of the file.
  "$program" fit --config "$configuration" --data "$work/data" --epochs 1 --batch-size 4 --size 96 --multi-scale off \
    --output "$work/$row" >"$work/output" 2>&1 || { echo "FAILED  $row"; cat "$work/output"; exit 1; }
  [ -s "$work/$row/best.safetensors" ]
  echo "ok      $row: $(grep -E '^ +[0-9]+/' "$work/output" | tail -1)"
  rm -r "${work:?}/$row"
done
