#!/usr/bin/env bash
# Builds and runs every file in samples/; each must learn what it says. tools/try-samples.sh [RUN MODALITY VOLUME] opens a run, too.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sample() { dotnet run -c Release "samples/$1.cs" -- "${@:2}"; }

# The last number called NAME that a sample prints must be within limits.
try() {
  local name=$1 value=$2 least=$3 most=$4
  sample "$name" | tee "$work/$name"
  local found
  found=$(sed -n "s/.*\b$value \(-\{0,1\}[0-9.]*\).*/\1/p" "$work/$name" | tail -1)
  awk -v found="$found" -v least="$least" -v most="$most" 'BEGIN { exit !(found != "" && found >= least && found <= most) }' || {
    echo "samples/$name.cs: $value is '$found', not $least to $most" >&2
    exit 1
  }
}

try ToyNetwork loss 0 0.1
try SmallCnn accuracy 0.9 1
try OwnMethod error 0 0.1
try GradientPenalty slope 0.9 1.2
if [ $# -eq 3 ]; then
  sample OpenModel "$1" "$2" "$3" "$work/labels.nii.gz"
  test -s "$work/labels.nii.gz"
  dotnet run -c Release --no-build --project src/Cli -- export --run "$1" --modality "$2" --onnx "$work/model.onnx"
  sample RunOnnx "$work/model.onnx" "$3" "$work/onnx.nii.gz" "$work/labels.nii.gz" | tee "$work/agreement"
  grep -Eq "agreement (1\.0000|0\.999)" "$work/agreement"
fi
