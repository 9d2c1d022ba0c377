#!/usr/bin/env bash
# Downloads Fashion-MNIST (31 MB: 60,000 + 10,000 garments of 28x28; MIT licence) into a cache folder and prints that folder. A second run does nothing.
# Usage: unpairedseg train --data "$(tools/fetch-fashion-mnist.sh)" ...
set -euo pipefail
source "$(dirname "$0")/debian-packages.sh"

cache="$caches/fashion-mnist"
if [ ! -e "$cache/complete" ]; then
  mkdir -p "$cache"
  fetch "$cache" "main/d/dataset-fashion-mnist/dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb" 39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0 ./usr/share/datasets
  touch "$cache/complete"
fi
echo "$cache/usr/share/datasets/fashion-mnist"
