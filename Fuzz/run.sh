#!/usr/bin/env bash
# Fuzzes the parsers of untrusted bytes with libFuzzer. Most of them are safe Swift: an out-of-bounds access traps, and so is
# a finding; so is an input that takes too long or too much memory.
#
#   Fuzz/run.sh TARGET [MINUTES]  10 by default; exits with an error at the first finding and names its input
#   Fuzz/run.sh all [MINUTES]     all targets, one after another
#   Fuzz/run.sh TARGET merge      copies a smallest set of inputs with all coverage found so far to .build-fuzz/merged/TARGET
#
# A target is a folder here with an entry point. Its seeds are in Fuzz/Corpus/TARGET, or seeds.py makes them. Inputs that
# libFuzzer finds stay in .build-fuzz/found/TARGET, where the next run continues.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=(HTTP Multipart Form ContentCoding DetectRequest KServe DOODS Pickle ONNX Safetensors Image COCO VOC)
target=${1:?a target: ${targets[*]}, or all}
if [[ $target == all ]]; then
  for target in "${targets[@]}"; do "$0" "$target" "${2:-10}"; done
  exit
fi
[[ " ${targets[*]} " == *" $target "* ]] || { echo "no target $target; there are ${targets[*]}" >&2; exit 2; }

# For one input: seconds, MiB in use, and MiB in one allocation. The largest inputs are those of max_len.
seconds=5 memory=1024 allocation=64 max_len=4096
case $target in
  # Framework and weights of the service are in memory too.
  DetectRequest | KServe | DOODS) max_len=16384 ;;
  Image) allocation=128 max_len=65536 ;;
esac

# The backtrace of a trap takes longer than an input may.
export SWIFT_BACKTRACE=enable=no
export YOLOX_FUZZ=$target
scratch=.build-fuzz
swift build -c release --scratch-path $scratch --product "Fuzz$target" --sanitize=fuzzer -Xswiftc -enable-testing \
  2> >(grep -v "Cannot export local symbol" >&2)
fuzzer=$scratch/release/Fuzz$target
found=$scratch/found/$target seeds=Fuzz/Corpus/$target
mkdir -p "$found"
if [[ ! -d $seeds ]]; then
  seeds=$scratch/seeds/$target
  python3 Fuzz/seeds.py "$target" "$seeds"
fi
common=(-max_len=$max_len -timeout=$seconds -rss_limit_mb=$memory -malloc_limit_mb=$allocation)
[[ -f Fuzz/$target.dict ]] && common+=(-dict="Fuzz/$target.dict")

if [[ "${2:-}" == merge ]]; then
  merged=$scratch/merged/$target
  rm -rf "$merged" && mkdir -p "$merged"
  # Counts edges, not how often they are taken: otherwise hundreds of inputs differ.
  $fuzzer -set_cover_merge=1 -use_counters=0 "${common[@]}" "$merged" "$seeds" "$found"
  find "$merged" -type f | wc -l
else
  $fuzzer -max_total_time=$((${2:-10} * 60)) -print_final_stats=1 -artifact_prefix="$scratch/$target-" \
    "${common[@]}" "$found" "$seeds"
fi
