#!/usr/bin/env bash
# Fuzzes the request parser and the multipart parser with libFuzzer. The parsers are safe Swift: an out-of-bounds access
# traps, and so is a finding.
#
#   Fuzz/run.sh [MINUTES]     10 by default; exits with an error at the first finding and names its input
#   Fuzz/run.sh merge         copies a smallest set of inputs with all coverage found so far to .build-fuzz/merged
#
# Fuzz/Corpus holds a few dozen seeds: those that cover most, with names that say what they are. Inputs that libFuzzer
# finds stay in .build-fuzz/found, where the next run continues. Add a seed when a feature of the parsers has none.
set -euo pipefail
cd "$(dirname "$0")/.."
export YOLOX_FUZZ=1
scratch=.build-fuzz
swift build -c release --scratch-path $scratch --product HTTPFuzz --sanitize=fuzzer \
  2> >(grep -v "Cannot export local symbol" >&2)
fuzzer=$scratch/release/HTTPFuzz
found=$scratch/found
mkdir -p $found
common=(-max_len=4096 -timeout=10 -rss_limit_mb=1024 -dict=Fuzz/http.dict)

if [[ "${1:-}" == merge ]]; then
  rm -rf $scratch/merged && mkdir -p $scratch/merged
  # Counts edges, not how often they are taken: otherwise hundreds of inputs differ.
  $fuzzer -set_cover_merge=1 -use_counters=0 "${common[@]}" $scratch/merged Fuzz/Corpus $found
  ls $scratch/merged | wc -l
else
  $fuzzer -max_total_time=$((${1:-10} * 60)) -print_final_stats=1 -artifact_prefix=$scratch/ "${common[@]}" \
    $found Fuzz/Corpus
fi
