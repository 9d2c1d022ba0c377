#!/usr/bin/env bash
# Holds our training steps against the same steps in TorchSharp (libtorch on the processor), run in turns. Usage: tools/bench-peers.sh [NAME]
# Writes bench/results/NAME/peers-libtorch.md and the single runs beside it; NAME defaults to the host's name. Downloads libtorch (200 MB) the first time.
# REPEATS (3), SECONDS_PER_RUN (10), THREADS ("1 2") and ONLY (a regular expression on the step's name) make it longer or shorter.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
name=${1:-$(hostname)}
repeats=${REPEATS:-3} seconds=${SECONDS_PER_RUN:-10} only=${ONLY:-.}
read -ra thread_counts <<< "${THREADS:-1 2}"
project=bench/Peers.LibTorch
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Name and options: the batch is of both modalities.
steps=(
  "2D F=16 256x256 1+1|--network dilated2d --channels 16 --size 256 --batch 2"
  "2D F=8 128x128 4+4|--network dilated2d --channels 8 --size 128 --batch 8"
  "3D F=16 128x128x8 1+1|--network unet3d --channels 16 --size 128 --depth 8 --batch 2"
)

build() {
  dotnet build -c Release -v q --nologo "$1" > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
}

ours() {
  dotnet bench/Layers.Bench/bin/Release/net10.0/UnpairedSegEngine.Layers.Bench.dll --step --threads "$1" --seconds "$seconds" $2
}

peer() {
  dotnet "$project/bin/Release/net10.0/linux-x64/UnpairedSegEngine.Peers.LibTorch.dll" "${@:3}" --threads "$1" $2
}

# Picks a number out of a line: after "min ", after "peak memory ".
milliseconds() { sed -En 's/.*: min ([0-9.]+) ms.*/\1/p'; }
mebibytes() { sed -En 's/.*peak memory ([0-9.]+) MiB.*/\1/p'; }

# The layout in which libtorch is faster here.
faster_layout() {
  for layout in contiguous channels-last; do
    echo "$(peer "$1" "$2" step --tuned --layout "$layout" --seconds 0 | milliseconds) $layout"
  done | sort -n | head -n 1 | cut -d ' ' -f 2
}

if ! dotnet restore "$project" > "$log" 2>&1; then
  echo "bench-peers: libtorch could not be restored from nuget.org, so there is nothing to compare with: $(grep -m 1 error "$log" || tail -n 1 "$log")" >&2
  exit 1
fi
load=$(cut -d ' ' -f 1 /proc/loadavg)
if [[ $load != 0.* ]]; then
  echo "bench-peers: the machine is busy (load average $load): times will be off, most of all libtorch's with several threads, which wait for each other" >&2
fi
build "$project"
build bench/Layers.Bench
peer 1 "" check

out=bench/results/$name
runs=$out/peers-libtorch.tsv
mkdir -p "$out"
printf 'step\tthreads\trepeat\tside\tms\tpeak MiB\tlayout\n' > "$runs"
record() {
  echo "  $6"
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$(milliseconds <<< "$6")" "$(mebibytes <<< "$6")" "$5" >> "$runs"
}

for step in "${steps[@]}"; do
  title=${step%%|*} options=${step#*|}
  [[ $title =~ $only ]] || continue
  for threads in "${thread_counts[@]}"; do
    layout=$(faster_layout "$threads" "$options")
    echo "$title, $threads threads; libtorch tuned is $layout"
    for ((repeat = 1; repeat <= repeats; repeat++)); do
      record "$title" "$threads" "$repeat" ours - "$(ours "$threads" "$options")"
      record "$title" "$threads" "$repeat" defaults contiguous "$(peer "$threads" "$options" step --seconds "$seconds")"
      record "$title" "$threads" "$repeat" tuned "$layout" "$(peer "$threads" "$options" step --tuned --layout "$layout" --seconds "$seconds")"
    done
  done
done

{
  echo "# Training steps: ours and libtorch"
  echo
  echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, $(date -u +%F), commit $(git rev-parse --short HEAD); load average $load at the start."
  echo "TorchSharp $(sed -n 's/.*"TorchSharp" Version="\([^"]*\)".*/\1/p' "$project"/*.csproj), libtorch $(sed -n 's/.*"libtorch-cpu-linux-x64" Version="\([^"]*\)".*/\1/p' "$project"/*.csproj)."
  echo "Milliseconds are the least of $repeats runs of $seconds s each, taken in turns. Ratio: libtorch's time over ours in the same turn, median (lowest to highest); above 1, ours is faster."
  echo "Defaults: as a user gets it. Tuned: glibc keeps freed memory, and the faster memory layout. Memory: peak resident set."
  echo
  echo "| step | threads | ours ms | defaults ms | ratio | tuned ms | ratio | layout | memory ours / defaults / tuned, MiB |"
  echo "|---|---|---|---|---|---|---|---|---|"
  awk -F '\t' '
    function ratio(key, side,    i, j, v, n, sorted) {
      n = turns[key]
      for (i = 1; i <= n; i++) {
        v = ms[key, side, i] / ms[key, "ours", i]
        for (j = i; j > 1 && sorted[j - 1] > v; j--) sorted[j] = sorted[j - 1]
        sorted[j] = v
      }
      return sprintf("%.2f (%.2f to %.2f)", (sorted[int((n + 1) / 2)] + sorted[int(n / 2) + 1]) / 2, sorted[1], sorted[n])
    }
    NR > 1 {
      key = $1 " | " $2
      if (!(key in turns)) keys[++count] = key
      if ($3 > turns[key]) turns[key] = $3
      ms[key, $4, $3] = $5
      if (!((key, $4) in least) || $5 + 0 < least[key, $4]) least[key, $4] = $5 + 0
      if ($6 + 0 > memory[key, $4]) memory[key, $4] = $6 + 0
      if ($4 == "tuned") layout[key] = $7
    }
    END {
      for (k = 1; k <= count; k++) {
        key = keys[k]
        printf "| %s | %d | %d | %s | %d | %s | %s | %d / %d / %d |\n", key, least[key, "ours"], least[key, "defaults"], ratio(key, "defaults"),
          least[key, "tuned"], ratio(key, "tuned"), layout[key], memory[key, "ours"], memory[key, "defaults"], memory[key, "tuned"]
      }
    }' "$runs"
} | tee "$out/peers-libtorch.md"
