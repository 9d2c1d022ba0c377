#!/usr/bin/env bash
# Measures this machine: convolutions per layer with one thread, and whole training steps. Usage: tools/measure.sh [NAME]
# Writes bench/results/NAME/{layers-1thread,layers3d-1thread}.{json,md} and steps.txt; NAME defaults to the host's name.
set -euo pipefail
cd "$(dirname "$0")/.."
out=bench/results/${1:-$(hostname)}
mkdir -p "$out"
dotnet build -c Release -v q --nologo bench/Layers.Bench
bench="dotnet bench/Layers.Bench/bin/Release/net10.0/UnpairedSegEngine.Layers.Bench.dll"
$bench --seconds 0.5 --json "$out/layers-1thread.json" --markdown "$out/layers-1thread.md"
$bench --network unet3d --seconds 0.5 --json "$out/layers3d-1thread.json" --markdown "$out/layers3d-1thread.md"
for threads in 1 2; do
  $bench --step --threads "$threads" --batch 2 --seconds 8
  $bench --step --threads "$threads" --batch 4 --seconds 12
  $bench --step --threads "$threads" --channels 8 --size 128 --batch 8 --seconds 4
  $bench --network unet3d --step --threads "$threads" --batch 2 --seconds 8
done | tee "$out/steps.txt"
