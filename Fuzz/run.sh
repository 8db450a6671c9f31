#!/usr/bin/env bash
# Fuzzes the request parser and the form parser with libFuzzer. The parsers are safe Swift: what an overrun
# would be elsewhere is a trap here, and so a finding.
#
#   Fuzz/run.sh [MINUTES]     10 by default; exits with an error at the first finding, whose input it names
#   Fuzz/run.sh merge         makes Fuzz/Corpus as small as it can be at the same coverage
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
  $fuzzer -set_cover_merge=1 "${common[@]}" $scratch/merged Fuzz/Corpus $found
  rm -rf Fuzz/Corpus && cp -r $scratch/merged Fuzz/Corpus
else
  # What it learns goes to the scratch folder; `merge` brings it into the corpus.
  $fuzzer -max_total_time=$((${1:-10} * 60)) -print_final_stats=1 -artifact_prefix=$scratch/ "${common[@]}" \
    $found Fuzz/Corpus
fi
