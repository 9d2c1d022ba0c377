#!/usr/bin/env bash
# Packs what tools/gpu-first.sh, gpu-check.sh and gpu-bench.sh need on a machine that has an NVIDIA GPU and its driver: the program and its tests with the .NET runtime, all kernels
# and the probe's compiled, gpu_probe and cudnn_bench (which open the driver and cuDNN when they run), and for the comparison with PyTorch, where it is installed, bench/peers.
# Usage: tools/bundle.sh [FILE]   (unpairedseg-gpu-check.tar.xz if not given). Needs the .NET SDK and g++; NVRTC is downloaded if it is not there (tools/fetch-nvrtc.sh).
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
target="$(realpath -m "${1:-unpairedseg-gpu-check.tar.xz}")"
limit=$((45 * 1024 * 1024))

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bundle="$work/unpairedseg-gpu-check"

# One folder for all three programs: they share the runtime, and where they share a library, its version.
for project in src/Cli tests/Engine.Tests tests/Segmentation.Tests; do
  dotnet publish "$project" -c Release -r linux-x64 --self-contained -p:StandaloneTests=true -p:DebugType=none --artifacts-path "$work/artifacts" -o "$bundle/bin" --verbosity quiet
done
# Debuggers, localized texts and the coverage collector are of no use there.
find "$bundle/bin" \( -name '*.pdb' -o -name '*.xml' -o -name 'libmscordaccore.so' -o -name 'libmscordbi.so' -o -name '*CodeCoverage*' \) -prune -exec rm -rf {} +

UNPAIREDSEG_NVRTC="${UNPAIREDSEG_NVRTC:-$(tools/fetch-nvrtc.sh)}"
export UNPAIREDSEG_NVRTC
"$bundle/bin/unpairedseg" kernels --compile sm_80,sm_90a,compute_80 --out "$bundle/bin/kernels/images" --overwrite
"$bundle/bin/unpairedseg" kernels --compile sm_90a --source tools/gpu-probe/probe.cu --out "$bundle/bin" --overwrite
# With the C++ library inside; gpu-first.sh compiles them again where the C library is older than here.
compile() { "${CXX:-g++}" -std=c++17 -O2 -Ibench/cuda "${@:2}" -o "$bundle/bin/$1" -ldl -pthread -static-libstdc++ -static-libgcc; }
compile gpu_probe tools/gpu-probe/*.cpp
compile cudnn_bench bench/cuda/*.cpp
cp tools/gpu-first.sh tools/gpu-train.sh tools/gpu-check.sh tools/gpu-bench.sh tools/gpu-report.py "$bundle/"
mkdir "$bundle/cuda" "$bundle/peers" "$bundle/probe"
cp tools/gpu-probe/*.cpp tools/gpu-probe/*.h "$bundle/probe/"
cp bench/cuda/*.cpp bench/cuda/*.h "$bundle/cuda/"
cp bench/peers/*.py "$bundle/peers/"
mkdir "$bundle/configs"
cp configs/abdomen-ct-mr-3d-small.yaml "$bundle/configs/"
git describe --always --dirty > "$bundle/commit"

mkdir -p "$(dirname "$target")"
tar -C "$work" --sort=name --owner=0 --group=0 -c unpairedseg-gpu-check | xz -6 -T0 > "$target"
bytes=$(stat -c %s "$target")
echo "$target: $((bytes / 1024 / 1024)) MiB; on the GPU's machine: tar -xJf $(basename "$target") && unpairedseg-gpu-check/gpu-first.sh right OUT; all of it: unpairedseg-gpu-check/gpu-check.sh; figures: unpairedseg-gpu-check/gpu-bench.sh all --out FOLDER"
if [ "$bytes" -gt "$limit" ]; then
  echo "larger than the limit of $((limit / 1024 / 1024)) MiB" >&2
  exit 1
fi
