#!/usr/bin/env bash
# Downloads NVIDIA's run-time compiler (18 MB) into a cache folder and prints that folder. A second run does nothing.
# Usage: export UNPAIREDSEG_NVRTC="$(tools/fetch-nvrtc.sh)"
set -euo pipefail
source "$(dirname "$0")/debian-packages.sh"

cache="$caches/nvrtc-12.4"
if [ ! -e "$cache/complete" ]; then
  mkdir -p "$cache"
  fetch "$cache" "non-free/n/nvidia-cuda-toolkit/libnvrtc12_12.4.127~12.4.1-2_amd64.deb" db76acbd9ad53eae57291114b615ed21551592dee0b1160990a33066d86c251c
  fetch "$cache" "non-free/n/nvidia-cuda-toolkit/libnvrtc-builtins12.4_12.4.127~12.4.1-2_amd64.deb" c4f9ea43c3e176a9f46b50718d546adb0dc7344432cd7d8b1483692e0416d24c
  touch "$cache/complete"
fi
echo "$cache/usr/lib/x86_64-linux-gnu"
