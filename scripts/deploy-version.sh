#!/usr/bin/env bash
# Prints the version that the command says of itself.
set -euo pipefail
cd "$(dirname "$0")/.."
sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/CLI/Yolox.swift | grep .
