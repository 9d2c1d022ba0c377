#!/usr/bin/env bash
# Downloads NVIDIA's disassembler (87 MB, of which 50 MB are kept) into a cache folder and prints the program's path. A second run does nothing.
# Usage: export UNPAIREDSEG_NVDISASM="$(tools/fetch-nvdisasm.sh)"
set -euo pipefail
source "$(dirname "$0")/debian-packages.sh"

cache="$caches/nvdisasm-12.4"
if [ ! -e "$cache/complete" ]; then
  mkdir -p "$cache"
  fetch "$cache" "non-free/n/nvidia-cuda-toolkit/nvidia-cuda-toolkit_12.4.131~12.4.1-2_amd64.deb" cd5fe85aee38d108b315f408a688641478f2402622a10c677478eb7a6c4e5319 ./usr/bin/nvdisasm
  touch "$cache/complete"
fi
echo "$cache/usr/bin/nvdisasm"
