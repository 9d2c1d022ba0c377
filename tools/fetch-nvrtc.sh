#!/usr/bin/env bash
# Downloads NVIDIA's run-time compiler (18 MB, from Debian's non-free archive, under NVIDIA's licence) into a cache folder and prints that folder.
# Needs neither root nor apt, only curl and either dpkg-deb or ar with tar and xz. A second run does nothing. Usage: export UNPAIREDSEG_NVRTC="$(tools/fetch-nvrtc.sh)"
set -euo pipefail

cache="${XDG_CACHE_HOME:-$HOME/.cache}/unpairedsegengine/nvrtc-12.4"
archive="http://deb.debian.org/debian/pool/non-free/n/nvidia-cuda-toolkit"
library="$cache/usr/lib/x86_64-linux-gnu"

fetch() {
  local package="$1" sum="$2" file="$cache/$1"
  curl --fail --silent --show-error --location --retry 3 --output "$file" "$archive/$package"
  echo "$sum  $file" | sha256sum --check --quiet
  if command -v dpkg-deb > /dev/null; then
    dpkg-deb -x "$file" "$cache"
  else
    ar p "$file" data.tar.xz | tar -xJ -C "$cache"
  fi
  rm "$file"
}

if [ ! -e "$cache/complete" ]; then
  mkdir -p "$cache"
  fetch "libnvrtc12_12.4.127~12.4.1-2_amd64.deb" db76acbd9ad53eae57291114b615ed21551592dee0b1160990a33066d86c251c
  fetch "libnvrtc-builtins12.4_12.4.127~12.4.1-2_amd64.deb" c4f9ea43c3e176a9f46b50718d546adb0dc7344432cd7d8b1483692e0416d24c
  touch "$cache/complete"
fi
echo "$library"
