#!/usr/bin/env bash
# Measures the engine on a machine with an NVIDIA GPU, beside cuDNN and PyTorch. Runs from the bundle that tools/bundle.sh makes; no .NET is needed.
#
# Usage: gpu-bench.sh [PIECE ...] --out FOLDER [--archive FILE.tgz] [--precisions bf16,...]   what could not run is in the report, with the reason
#   step     step2d step3d: whole training steps
#   peers    peers{2d,3d}-{eager,compile,compile-graphs}: the same steps in PyTorch
#   profile  profile2d profile3d: a step by operation and kernel, with a trace for ui.perfetto.dev
#   layers   layers{2d,3d}-{fp32,tf32,bf16}: every convolution and pass, ours (with normalization and statistics, too) and cuDNN's best algorithm, cold L2
#   ncu      Nsight Compute on one kernel of ours and of cuDNN
#   info     GPU, clocks, versions; report: the tables anew from what is in FOLDER
#   all      all of them (the default), the whole steps before the single layers
# Precisions are cuDNN's and PyTorch's: fp32, tf32 (ours: bf16x3), bf16; all if not given. PyTorch compiles its networks once per precision.
# GPU_BENCH_SECONDS=470: the most that a piece takes. Within it: GPU_BENCH_STEP_SECONDS=10 of timed steps, GPU_BENCH_PEER_SECONDS=300, GPU_BENCH_LAYER_SECONDS=40 for each of our passes,
# GPU_BENCH_CUDNN_SECONDS=220. A hang or a fault costs its own process: each pass has one. FILE.tgz has all of FOLDER, renewed after every piece. Quick first answers: gpu-first.sh.
# A piece needs: the driver; for layers, cuDNN 9 and cuBLAS (found beside PyTorch); for peers, PyTorch; for ncu, Nsight Compute. Nothing on the GPU is changed.
# FOLDER gets a JSON per piece, logs/ and report.md; commit it as bench/results/<gpu>. GPU_BENCH_SMALL=1 takes tiny sizes, to try the script.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
seconds="${GPU_BENCH_SECONDS:-470}"
out="" archive=""
precisions="fp32 tf32 bf16"
wanted=()

layers="layers2d-fp32 layers2d-tf32 layers2d-bf16 layers3d-fp32 layers3d-tf32 layers3d-bf16"
steps="step2d step3d"
peers="peers2d-eager peers2d-compile peers2d-compile-graphs peers3d-eager peers3d-compile peers3d-compile-graphs"
profiles="profile2d profile3d"
all="info $steps $peers $profiles $layers ncu"

while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --list) tr ' ' '\n' <<< "$all report"; exit 0 ;;
    --precisions)
      precisions="$(tr ',' ' ' <<< "${2:?--precisions needs a list}")"; shift
      for precision in $precisions; do case $precision in fp32|tf32|bf16) ;; *) echo "gpu-bench: --precisions does not know '$precision'; choose of fp32,tf32,bf16" >&2; exit 2 ;; esac; done ;;
    --out) out="${2:?--out needs a folder}"; shift ;;
    --archive) archive="${2:?--archive needs a file}"; shift ;;
    layers) wanted+=($layers) ;;
    step) wanted+=($steps) ;;
    peers) wanted+=($peers) ;;
    profile) wanted+=($profiles) ;;
    all) wanted+=($all) ;;
    *) case " $all report " in *" $1 "*) wanted+=("$1") ;; *) echo "gpu-bench: '$1' is not known; see --help" >&2; exit 2 ;; esac ;;
  esac
  shift
done
[ -n "$out" ] || { echo "gpu-bench: --out FOLDER is needed; see --help" >&2; exit 2; }
[ ${#wanted[@]} -gt 0 ] || wanted=($all)
mkdir -p "$out/logs"
out="$(cd "$out" && pwd)"

# In the bundle everything lies beside this script; in the repository, where it is built.
bin="${GPU_BENCH_BIN:-$here/bin}"
peer_folder="$here/peers"; [ -d "$peer_folder" ] || peer_folder="$here/../bench/peers"
report="$here/gpu-report.py"
export PYTHONDONTWRITEBYTECODE=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

# PyTorch's wheels bring cuDNN and cuBLAS along, outside of the linker's path.
wheels=$(python3 - 2>/dev/null <<'P'
import glob, os, site, sys
folders = [p for p in sys.path + site.getsitepackages() if os.path.isdir(os.path.join(p, "nvidia"))]
print(":".join(sorted({f for p in folders for f in glob.glob(os.path.join(p, "nvidia", "*", "lib"))})))
P
)
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${wheels:+$wheels:}/usr/local/cuda/lib64"

# Sizes of the paper: images of both modalities.
network() { case "$1" in *2d*) echo dilated2d ;; *) echo unet3d ;; esac; }
batch() { case "$1" in *2d*) echo 8 ;; *) echo 2 ;; esac; }
if [ -n "${GPU_BENCH_SMALL:-}" ]; then
  batch() { echo 1; }
  size=16 depth=8 channels=2 runs=3 peaks="--gemm 16 --copy-mib 1" layer_seconds=10 cudnn_seconds=10 step_seconds=1 peer_steps=2
else
  size=256 depth=8 channels=16 runs=20 peaks="" layer_seconds=40 cudnn_seconds=220 step_seconds=10 peer_steps=30
fi
layer_seconds="${GPU_BENCH_LAYER_SECONDS:-$layer_seconds}" cudnn_seconds="${GPU_BENCH_CUDNN_SECONDS:-$cudnn_seconds}" step_seconds="${GPU_BENCH_STEP_SECONDS:-$step_seconds}"
sizes() { echo --network "$(network "$1")" --size $size --depth $depth --channels $channels; }

# Runs a command in what is left of its piece's time, or in $most seconds; the last line of a failure is the reason.
try() { # name command...
  local name="$1" log="$out/logs/$1.log" left=$((begun + seconds - $(date +%s))) status
  shift
  [ "${most:-$left}" -ge $left ] || left=$most
  [ $left -gt 0 ] || { not_run "$name" "no time left in its piece"; return; }
  timeout -k 5 $left "$@" > "$log" 2>&1
  status=$?
  tail -n 2 "$log"
  [ $status -eq 0 ] && return
  case $status in 124 | 137) echo "stopped after $left seconds" >> "$log" ;; esac
  not_run "$name" "$(grep -m 1 -E 'not recognized|^unpairedseg: |^cudnn_bench: |not run: |^stopped after' "$log" || grep -v '^ *$' "$log" | tail -n 1)"
}

not_run() { # name reason
  echo "  not run: $2"
  printf '%s\t%s\n' "$1" "$(tr '\t\n' '  ' <<< "$2")" >> "$out/not-run.tsv"
}

piece_info() {
  {
    echo "commit $(cat "$here/commit" 2>/dev/null || git -C "$here" describe --always --dirty 2>/dev/null || echo unknown), $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    if command -v nvidia-smi > /dev/null; then
      nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.max.sm,clocks.mem,clocks.max.mem,power.limit,temperature.gpu,clocks_throttle_reasons.active --format=csv
    else
      echo "nvidia-smi is missing"
    fi
    nvcc --version 2>/dev/null | tail -n 2 || echo "nvcc is missing"
    python3 -c 'import torch; print("PyTorch", torch.__version__, "cuDNN", torch.backends.cudnn.version(), "CUDA", torch.version.cuda)' 2>&1 | tail -n 1
    ncu --version 2>/dev/null | tail -n 1 || echo "ncu is missing"
  } | tee "$out/info.txt"
}

clocks() { nvidia-smi --query-gpu=clocks.sm,clocks.mem,temperature.gpu,power.draw --format=csv,noheader 2>/dev/null; }

problems() { # piece: both modalities in one launch
  python3 "$peer_folder/pytorch_step.py" --problems $(sizes "$1") --batch "$(batch "$1")" > "$out/$(network "$1")-problems.tsv" 2> "$out/logs/$1.log" \
    || { not_run "$1" "$(tail -n 1 "$out/logs/$1.log")"; return 1; }
}

# Compiled again where the bundle's does not start, for want of a C library as new: the compiler that nvcc needs is there.
cudnn_bench() {
  "$bin/cudnn_bench" > /dev/null 2>&1
  case $? in 1 | 126 | 127) ;; *) return ;; esac
  "${CXX:-g++}" -std=c++17 -O2 "$here"/cuda/*.cpp -o "$bin/cudnn_bench" -ldl -pthread > "$out/logs/cudnn_bench-build.log" 2>&1 \
    || { not_run "$1" "cudnn_bench does not compile: $(tail -n 1 "$out/logs/cudnn_bench-build.log")"; return 1; }
}

piece_layers() {
  local name="$1" precision="${1##*-}" list
  problems "$name" || return
  list="$out/$(network "$name")-problems.tsv"
  # Ends by itself after its seconds, but for a hang.
  local most=$((layer_seconds * 3 / 2 + 1))
  for mode in $(ours_of "$precision"); do
    for pass in forward data weights; do
      try "$name-ours-$mode-$pass" "$bin/unpairedseg" bench convolutions --device "${GPU_BENCH_DEVICE:-cuda}" --problems "$list" --precision $mode --pass $pass --fused --runs $runs \
        --seconds $layer_seconds --json "$out/$name-ours-$mode-$pass.json" --overwrite
    done
  done
  most=$((cudnn_seconds * 3 / 2 + 1))
  cudnn_bench "$name-cudnn" && try "$name-cudnn" "$bin/cudnn_bench" --problems "$list" --precision "$precision" --runs $runs --seconds $cudnn_seconds $peaks --json "$out/$name-cudnn.json"
}

# Ours that are as accurate.
ours_of() { case "$1" in fp32) echo fp32 bf16x6 ;; tf32) echo bf16x3 ;; *) echo bf16 ;; esac; }

piece_step() {
  for precision in $(for wanted in $precisions; do ours_of $wanted; done); do
    try "$1-$precision" "$bin/unpairedseg" bench step --device "${GPU_BENCH_DEVICE:-cuda}" --precision $precision $(sizes "$1") --batch "$(batch "$1")" --seconds $step_seconds --json "$out/$1-$precision.json" --overwrite
  done
}

piece_peers() {
  local mode="${1#*-}"
  try "$1" python3 "$peer_folder/pytorch_step.py" $(sizes "$1") --batch "$(batch "$1")" --modes "$mode" --precisions "$(tr ' ' ',' <<< "$precisions")" --steps $peer_steps --seconds "${GPU_BENCH_PEER_SECONDS:-300}" --json "$out/$1.json"
}

piece_profile() {
  try "$1" "$bin/unpairedseg" profile --device "${GPU_BENCH_DEVICE:-cuda}" --precision bf16 --layers --trace "$out/$1-trace.json" --set "network.name=$(network "$1")" \
    "network.channels=$channels" "data.size=$size" "data.depth=$depth" "training.batch=$(batch "$1")"
}

# The 512-channel layer is the 2D network's typical one.
piece_ncu() {
  local problem profiler engine
  profiler=$(command -v ncu || ls /opt/nvidia/nsight-compute/*/ncu /usr/local/cuda/bin/ncu 2>/dev/null | tail -n 1)
  [ -n "$profiler" ] || { not_run ncu "Nsight Compute (ncu) was not found"; return; }
  problems layers2d-bf16 || return
  problem=$(awk -F'\t' '/^g7 g9/ { print $3; exit }' "$out/dilated2d-problems.tsv")
  for pass in forward data weights; do
    try "ncu-ours-$pass" "$profiler" --clock-control none --set full --kernel-name regex:convolution --export "$out/logs/ncu-ours-$pass" --force-overwrite \
      "$bin/unpairedseg" bench convolutions --device "${GPU_BENCH_DEVICE:-cuda}" --problem "$problem" --precision bf16 --pass $pass --once
    engine=$(python3 "$report" engine "$out" "$problem" $pass bf16 NHWC 2>/dev/null)
    if [ -n "$engine" ]; then
      try "ncu-cudnn-$pass" "$profiler" --clock-control none --set full --export "$out/logs/ncu-cudnn-$pass" --force-overwrite \
        "$bin/cudnn_bench" --problem "$problem" --precision bf16 --layout NHWC --pass $pass --engine "$engine" --once
    else
      not_run "ncu-cudnn-$pass" "layers2d-bf16 has not found cuDNN's best engine yet"
    fi
  done
}

# What is not saved may not come home.
save() {
  [ -z "$archive" ] || { tar -czf "$archive.new" -C "$(dirname "$out")" "$(basename "$out")" && mv "$archive.new" "$archive"; }
}

for piece in "${wanted[@]}"; do
  [ "$piece" = report ] && continue
  case "$piece" in layers*) [[ " $precisions " == *" ${piece##*-} "* ]] || continue ;; esac
  echo "== $piece"
  [ -e "$out/not-run.tsv" ] && { grep -v "^$piece" "$out/not-run.tsv" > "$out/not-run.new"; mv "$out/not-run.new" "$out/not-run.tsv"; }
  before=$(clocks) begun=$(date +%s)
  "piece_${piece%%[0-9-]*}" "$piece"
  printf '%s\t%s\t%s\t%s\n' "$piece" "$(($(date +%s) - begun))" "${before:-unknown}" "$(clocks)" >> "$out/logs/clocks.tsv"
  save
done
[ -s "$out/not-run.tsv" ] || rm -f "$out/not-run.tsv"
python3 "$report" write "$out" && cat "$out/report.md"
save
