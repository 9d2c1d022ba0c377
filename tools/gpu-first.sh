#!/usr/bin/env bash
# The first quarter of an hour on a borrowed GPU: which kernels are right, then the headline times. Runs from the bundle that tools/bundle.sh makes.
#
# Usage: gpu-first.sh right|fast OUT
#   right   330 s: GPU, driver, images; the probe; every kernel family against float64; the tests of kernels and networks. PyTorch compiles its networks meanwhile
#   fast    420 s: training steps, ours and PyTorch's; a step by kernel; then the convolutions, ours and cuDNN's
# A stage is a process of its own, since an error or a hang ends its CUDA context, and is killed when its seconds are over; the script goes on with the next. OUT gets two files:
# first-PART.jsonl, a line per stage (stage, exit code, seconds, last line), and first-PART.tgz with all logs and results, renewed after every stage.
#
# FIRST_SECONDS=N        for the whole part              FIRST_ONLY=REGEX   only these stages: 'probe|family|step|profile-dilated2d' where five minutes are left
# FIRST_FAMILY_SECONDS=20 FIRST_PROBE_SECONDS=15 FIRST_KERNELS_SECONDS=100 FIRST_NETWORK_SECONDS=45 FIRST_STEP_SECONDS=40 FIRST_TORCH_SECONDS=70 FIRST_PROFILE_SECONDS=40
# FIRST_LAYERS_SECONDS=80 FIRST_CUDNN_SECONDS=110: the most that one such stage takes
# FIRST_DEVICE=cuda      FIRST_SMALL=1: tiny sizes, to try the script on stand-ins (tests/Cli.Tests/GpuFirstTests.cs)
set -uo pipefail
if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0; fi
part="${1:-}" out="${2:-}"
case "$part" in right) total=330 ;; fast) total=420 ;; *) echo "gpu-first: say what to do, 'right' or 'fast'; see --help" >&2; exit 2 ;; esac
[ -n "$out" ] || { echo "gpu-first: a folder for the results is needed; see --help" >&2; exit 2; }
here="$(cd "$(dirname "$0")" && pwd)" device="${FIRST_DEVICE:-cuda}" total="${FIRST_SECONDS:-$total}"
bin="$here/bin" peers="$here/peers"
[ -x "$bin/unpairedseg" ] || { echo "gpu-first: $bin/unpairedseg is missing; run this script from the unpacked bundle of tools/bundle.sh" >&2; exit 2; }
work="$(mktemp -d)" begun=$(date +%s)
trap 'rm -rf "$work"' EXIT
results="$work/first-$part"
mkdir -p "$results" "$out"
: > "$out/first-$part.jsonl"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# What PyTorch compiles in the first part is there in the second.
export TORCHINDUCTOR_CACHE_DIR="${TORCHINDUCTOR_CACHE_DIR:-/tmp/inductor}" TORCHINDUCTOR_FX_GRAPH_CACHE=1

if [ -n "${FIRST_SMALL:-}" ]; then
  runs=1 flush=1 size=16 channels=2 batch2d=1 batch3d=1 step_time=1 torch_steps=2 gemm="--gemm 16 --copy-mib 1" rounds=2
  family="n3 c16 k32 in1x9x8 kernel1x3x3" narrow="n1 c8 k8 in1x9x8 kernel1x3x3" big="n1 c16 k32 in1x8x8 kernel1x3x3" volume="n1 c16 k32 in2x8x8 kernel3x3x3"
else
  runs=3 flush=64 size=256 channels=16 batch2d=8 batch3d=2 step_time=4 torch_steps=20 gemm="--gemm 4096" rounds=4000
  # Three tiles: the second block of the second cluster has none.
  family="n3 c64 k128 in1x9x16 kernel1x3x3" narrow="n2 c16 k24 in1x17x24 kernel1x3x3" big="n16 c512 k512 in1x32x32 kernel1x3x3" volume="n4 c32 k32 in8x64x64 kernel3x3x3"
fi
plain="stride1x1x1 dilation1x1x1 pad0x1x1/0x1x1 Zero"

left() { echo $((begun + total - $(date +%s))); }
quote() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\r' | tr '\t' ' ' | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g' | cut -c1-300)"; }

# Says what a stage came to, and saves everything so far: what is not saved may not come home.
note() { # name code seconds text
  printf '{"at": %d, "stage": "%s", "rc": %d, "seconds": %d, "last": %s}\n' $(($(date +%s) - begun)) "$1" "$2" "$3" "$(quote "$4")" | tee -a "$out/first-$part.jsonl"
  cp "$out/first-$part.jsonl" "$results/stages.jsonl"
  tar -czf "$work/new.tgz" -C "$work" "first-$part" && mv "$work/new.tgz" "$out/first-$part.tgz"
}

stage() { # name seconds command...
  local name="$1" seconds="$2" from rc rest
  shift 2
  [[ "$name" =~ ${FIRST_ONLY:-.} ]] || return 0
  rest=$(left)
  if [ "$rest" -lt 3 ]; then note "$name" 124 0 "not run: the $total seconds are over"; return 1; fi
  from=$(date +%s)
  timeout -k 3 $((seconds < rest ? seconds : rest)) "$@" > "$results/$name.log" 2>&1
  rc=$?
  # The program's own word for a failure, if it has one.
  local last
  last="$(grep -m 1 -E "^unpairedseg: |^gpu_probe: |^cudnn_bench: |not run: |^\| $name \| [0-9]" "$results/$name.log" || grep -v '^ *$' "$results/$name.log" | tail -n 1)"
  case $rc in 124 | 137) last="stopped after $(($(date +%s) - from)) s; $last" ;; esac
  note "$name" $rc $(($(date +%s) - from)) "$last"
  return $rc
}

# What the bundle compiled needs the C library of the machine that packed it, or a later one; where it does not start it is compiled again. Without arguments it says how it is used.
compiled() { # program sources...
  local program="$1"
  shift
  "$bin/$program" > /dev/null 2>&1
  case $? in 1 | 126 | 127) stage "build-$program" 40 "${CXX:-g++}" -std=c++17 -O2 -I"$here/cuda" "$@" -o "$bin/$program" -ldl -pthread ;; esac
}

convolution() { # name precision pass problem
  stage "$1-$2-$3" "${FIRST_FAMILY_SECONDS:-20}" "$bin/unpairedseg" bench convolutions --device "$device" --precision "$2" --pass "$3" --runs $runs --flush-mb $flush --problem "$4" --json "$results/$1-$2-$3.jsonl"
}

torch() { # name seconds options...
  local name="$1" seconds="$2"
  shift 2
  stage "$name" "$seconds" python3 "$peers/pytorch_step.py" --device cuda --size $size --channels $channels --precisions bf16 "$@"
}

sizes() { case "$1" in dilated2d) echo --network dilated2d --batch $batch2d ;; *) echo --network unet3d --batch $batch3d ;; esac; }

right() {
  stage smi 10 nvidia-smi
  # Also a failure: the program runs, but cannot use the GPU.
  stage info 30 bash -c 'text=$("$0" info) && echo "$text" && grep "^cuda .*cuda kernels" <<< "$text"' "$bin/unpairedseg"
  compiled gpu_probe "$here"/probe/*.cpp
  for question in products arrivals rates swizzled; do stage probe-$question "${FIRST_PROBE_SECONDS:-15}" "$bin/gpu_probe" $question "$bin/probe.sm_90a.cubin" $rounds; done

  # On the processor, beside the checks; 'fast' times them.
  local warm=() network id precision pass
  if [[ torch-warm =~ ${FIRST_ONLY:-.} ]]; then
    for network in dilated2d unet3d; do
      timeout -k 3 $(($(left) - 20)) python3 "$peers/pytorch_step.py" $(sizes $network) --size $size --channels $channels --modes compile-graphs --precisions bf16 --steps 3 > "$results/torch-warm-$network.log" 2>&1 &
      warm+=($!)
    done
  fi

  for precision in fp32 bf16 bf16x3 bf16x6; do
    for pass in forward data weights; do convolution family $precision $pass "$family $plain"; done
  done
  for pass in forward weights; do convolution narrow bf16 $pass "$narrow $plain"; done
  for pass in forward data weights; do convolution big bf16 $pass "$big $plain"; done
  convolution dilated bf16 forward "$big stride1x1x1 dilation1x2x2 pad0x2x2/0x2x2 Zero"
  for pass in forward weights; do convolution volume bf16 $pass "$volume stride1x1x1 dilation1x1x1 pad1x1x1/1x1x1 Zero"; done
  local seconds="${FIRST_KERNELS_SECONDS:-100}"
  GPU_CHECK_SECONDS=$seconds stage kernels $((seconds + 10)) "$here/gpu-check.sh" -o "$results/check" kernels
  seconds="${FIRST_NETWORK_SECONDS:-45}"
  GPU_CHECK_SECONDS=$seconds stage network $((seconds + 5)) "$here/gpu-check.sh" -o "$results/check" network

  for id in "${warm[@]}"; do
    while kill -0 "$id" 2>/dev/null && [ "$(left)" -gt 5 ]; do sleep 1; done
    kill "$id" 2>/dev/null
    wait "$id"
    note torch-warm $? 0 "$(cat "$results"/torch-warm-*.log | grep -v '^ *$' | tail -n 1)"
  done
}

fast() {
  local network list="$results/problems.tsv"
  for network in dilated2d unet3d; do
    stage step-$network "${FIRST_STEP_SECONDS:-40}" "$bin/unpairedseg" bench step --device "$device" --precision bf16 $(sizes $network) --size $size --depth 8 --channels $channels --seconds $step_time --json "$results/step-$network.json"
  done
  for network in dilated2d unet3d; do torch torch-$network "${FIRST_TORCH_SECONDS:-70}" $(sizes $network) --modes compile-graphs --steps $torch_steps --json "$results/torch-$network.json"; done
  for network in dilated2d unet3d; do
    stage profile-$network "${FIRST_PROFILE_SECONDS:-40}" "$bin/unpairedseg" profile --device "$device" --precision bf16 --layers --kernels \
      --set network.name=$network network.channels=$channels data.size=$size data.depth=8 training.batch="$(sizes $network | sed 's/.*--batch //')"
  done
  torch torch-eager "${FIRST_TORCH_SECONDS:-70}" $(sizes dilated2d) --modes eager --steps $torch_steps --json "$results/torch-eager.json"

  for network in dilated2d unet3d; do python3 "$peers/pytorch_step.py" --problems $(sizes $network) --size $size --channels $channels; done > "$list" 2> "$results/problems.log"
  local seconds="${FIRST_LAYERS_SECONDS:-80}"
  stage layers-ours "$seconds" "$bin/unpairedseg" bench convolutions --device "$device" --problems "$list" --precision bf16 --fused --runs 10 --flush-mb $flush --seconds $((seconds - 15)) --json "$results/layers-ours.jsonl"
  # PyTorch's wheels bring cuDNN and cuBLAS along, outside of the linker's path.
  LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$(python3 -c 'import glob, sys; print(":".join(sorted({f for p in sys.path for f in glob.glob(p + "/nvidia/*/lib")})))'):/usr/local/cuda/lib64"
  export LD_LIBRARY_PATH
  seconds="${FIRST_CUDNN_SECONDS:-110}"
  compiled cudnn_bench "$here"/cuda/*.cpp
  stage layers-cudnn "$seconds" "$bin/cudnn_bench" --problems "$list" --precision bf16 --runs 10 --seconds $((seconds - 20)) $gemm --json "$results/layers-cudnn.json"
}

$part
failed=$(grep -vc '"rc": 0,' "$out/first-$part.jsonl")
echo "$part: $failed of $(wc -l < "$out/first-$part.jsonl") stages failed, $(($(date +%s) - begun)) of $total s; $out/first-$part.tgz"
[ "$failed" -eq 0 ]
