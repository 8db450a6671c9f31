#!/usr/bin/env bash
# Prints the version of the command.
set -euo pipefail
cd "$(dirname "$0")/.."
sed -n 's/.*static let current = "\(.*\)"/\1/p' Sources/CLI/Settings/Version.swift | grep .
