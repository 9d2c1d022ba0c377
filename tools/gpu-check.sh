#!/usr/bin/env bash
# Checks the engine on a machine with an NVIDIA GPU and its driver; nothing else is needed. Runs from the bundle that tools/bundle.sh makes.
#
# Usage: gpu-check.sh [-o FOLDER] [PART ...]     all parts if none is named; each takes less than eight minutes
#   info        GPU, driver, and which kernels load
#   kernels     the contract's tests of every operation on the GPU, convolutions in every precision exactly on integers
#   network     a whole training step of a small network against the CPU
#   training    50 steps on phantoms in every precision against the CPU, twice for the same bits, and their time
#   memcheck synccheck initcheck racecheck
#               the same tests on small shapes under compute-sanitizer; reported as not run where it is missing. racecheck is slow, and may report hazards between bulk copies
#               and products that there are not
# Writes report.json, report.md and a log per part into FOLDER (gpu-check-report); the parts of earlier calls stay. Exit code 1 if a part failed or none ran.
set -uo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
bin="$here/bin"
report=gpu-check-report
all="info kernels network training memcheck synccheck initcheck racecheck"
seconds=${GPU_CHECK_SECONDS:-470}

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0; fi
if [ "${1:-}" = -o ]; then report="${2:?-o needs a folder}"; shift 2; fi
for part in "$@"; do
  case " $all " in *" $part "*) ;; *) echo "gpu-check: part '$part' is not known; choose of: $all" >&2; exit 2 ;; esac
done
[ -x "$bin/unpairedseg" ] || { echo "gpu-check: $bin/unpairedseg is missing; run this script from the unpacked bundle of tools/bundle.sh" >&2; exit 2; }
mkdir -p "$report/parts"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1

unpairedseg() { timeout -k 5 "$seconds" "$bin/unpairedseg" "$@"; }

# Each part prints what it does, and last "counts PASSED FAILED SKIPPED" and one line for the report's reader.
tests() { # program filter [launcher ...]
  local program="$bin/UnpairedSegEngine.$1" filter="$2" log status
  shift 2
  log=$(mktemp)
  timeout -k 5 "$seconds" "$@" "$program" --filter "$filter" --progress off --results-directory "$report/parts" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  number() { sed -n "s/^ *$1: *\([0-9]*\).*/\1/p" "$log" | tail -1; }
  local passed failed skipped
  passed=$(number succeeded) failed=$(number failed) skipped=$(number skipped)
  failed=${failed:-0}
  # 8 is "no test ran", which skipping all of them is, too. Anything else than a clean end fails the part, whatever was counted before.
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ] && [ "${skipped:-0}" -eq 0 ]; then failed=1; fi
  local note
  note=$(sed -n 's/^========= \(ERROR SUMMARY.*\|RACECHECK SUMMARY.*\)/\1/p' "$log" | tail -1)
  if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then note="stopped after $seconds seconds"; failed=$((failed + 1)); fi
  if [ "${passed:-0}" -eq 0 ] && [ "${skipped:-0}" -gt 0 ]; then note="not run: $(grep -m1 -A1 '^skipped' "$log" | tail -1 | sed 's/^ *//; s/^OneTimeSetUp: *//; s/^SetUp : *//')"; fi
  rm "$log"
  echo "counts ${passed:-0} $failed ${skipped:-0}"
  echo "$note"
}

part_info() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv,noheader 2>/dev/null || echo "nvidia-smi is missing"
  local text
  text=$(unpairedseg info) && echo "$text"
  if echo "$text" | grep -q "^cuda .*cuda kernels"; then echo "counts 1 0 0"; else echo "counts 0 1 0"; fi
  echo "$text" | sed -n 's/^cuda *//p'
}

# A process per family of kernels: what an error or a hang takes with it is its own context. All of them share the part's seconds.
part_kernels() {
  local family text passed=0 failed=0 skipped=0 p f s note="" end=$(($(date +%s) + seconds))
  for family in fp32 bf16 bf16x3 bf16x6; do
    local seconds=$((end - $(date +%s)))
    if [ $seconds -le 0 ]; then echo "gpu_$family: no time left"; failed=$((failed + 1)) note="$note$family: no time left; "; continue; fi
    text=$(tests Engine.Tests "TestCategory=gpu_$family")
    echo "$text"
    read -r _ p f s <<< "$(grep '^counts ' <<< "$text" | tail -1)"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    text=$(tail -1 <<< "$text")
    case "$text" in "" | counts*) ;; *) note="$note$family: $text; " ;; esac
  done
  echo "counts $passed $failed $skipped"
  echo "$note"
}

part_network() { tests Segmentation.Tests "TestCategory=gpu"; }

sanitize() { # tool options...
  local sanitizer
  sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
  if [ -z "$sanitizer" ]; then
    echo "counts 0 0 1"
    echo "not run: compute-sanitizer was not found (it comes with the CUDA toolkit)"
    return
  fi
  # The tests' shapes are small already. An error makes the exit code 9, also where every result is right.
  tests Engine.Tests "TestCategory=gpu" "$sanitizer" --tool "$@" --error-exitcode 9 --target-processes all
}

part_memcheck() { sanitize memcheck; }
part_racecheck() { sanitize racecheck; }
part_synccheck() { sanitize synccheck; }
part_initcheck() { sanitize initcheck; }

part_training() {
  local work passed=0 failed=0 note="" size="${GPU_CHECK_SIZE:-128}" channels="${GPU_CHECK_CHANNELS:-16}" steps="${GPU_CHECK_STEPS:-50}"
  work=$(mktemp -d)
  unpairedseg phantom --out "$work/data" --size "$size" --slices 12 --train 3 --val 1 --test 0 > /dev/null || failed=1
  train() { # name options...
    local name="$1"; shift
    unpairedseg train --data "$work/data" --out "$work/$name" --size "$size" --channels "$channels" --batch 2 --steps "$steps" --plain --set training.log_every=1 "$@" > "$work/$name.log" 2>&1 \
      || { tail -1 "$work/$name.log"; return 1; }
  }
  values() { awk -F, -v name="$2" '$2 == name { print $1, $3 }' "$work/$1/metrics.csv"; }
  # The first losses must agree closely, and the last ten on average. Between them rounding grows freely: where a gradient is nothing but rounding, Adam's first updates follow its sign.
  compare() { # name first last
    paste -d' ' <(values cpu loss/total) <(values "$1" loss/total) | awk -v first="$2" -v last="$3" -v wanted="$steps" '
      function difference(x, y) { x = x < 0 ? -x : x; y = y < 0 ? -y : y; return (x > y ? x - y : y - x) / (x > 1 ? x : 1) }
      { if (NR == 1) f = difference($2, $4); if (NR > wanted - 10) { a += $2 / 10; b += $4 / 10 } if ($1 != $3) bad = 1 }
      END { l = difference(a, b); printf "%d the loss differs by %.1e in the first step, by %.1e over the last 10\n", NR == wanted && !bad && f <= first && l <= last, f, l }'
  }
  speed() { values "$1" time/step_ms | awk 'NR > 5 { print $2 }' | sort -n | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] }'; }

  train cpu --device cpu || failed=1
  note="median step: cpu $(speed cpu) ms"
  for precision in fp32:1e-5:0.1 bf16x6:1e-5:0.1 bf16x3:1e-3:0.1 bf16:5e-2:0.1; do
    IFS=: read -r name first last <<< "$precision"
    if train "$name" --device cuda --precision "$name"; then
      local line
      line=$(compare "$name" "$first" "$last")
      echo "$name: ${line#* }"
      if [ "${line%% *}" = 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
      note="$note, $name $(speed "$name") ms"
    else
      failed=$((failed + 1))
    fi
  done
  if train again --device cuda --precision fp32 && cmp "$work"/fp32/checkpoints/step-*/weights.safetensors "$work"/again/checkpoints/step-*/weights.safetensors; then
    echo "a second run gives the same bits"
    passed=$((passed + 1))
  else
    echo "a second run gives other bits"
    failed=$((failed + 1))
  fi
  rm -rf "$work"
  echo "counts $passed $failed 0"
  echo "$note"
}

# One file per part (name|passed|failed|skipped|seconds|note), so that parts may be run one by one.
for part in ${*:-$all}; do
  echo "== $part"
  start=$(date +%s)
  "part_$part" 2>&1 | tee "$report/parts/$part.log"
  counts=$(grep '^counts ' "$report/parts/$part.log" | tail -1)
  note=$(tail -1 "$report/parts/$part.log")
  case "$note" in counts*) note="" ;; esac
  read -r _ passed failed skipped <<< "${counts:-counts 0 1 0}"
  echo "$part|$passed|$failed|$skipped|$(($(date +%s) - start))|$(echo "$note" | tr '|' '/')" > "$report/parts/$part.result"
done

quote() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\r\t' | sed 's/\\/\\\\/g; s/"/\\"/g')"; }
commit=$(cat "$here/commit" 2>/dev/null || echo unknown)
gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -1)
{
  printf '{\n  "commit": %s,\n  "gpu": %s,\n  "date": %s,\n  "parts": [' "$(quote "$commit")" "$(quote "${gpu:-none}")" "$(quote "$(date -u +%Y-%m-%dT%H:%M:%SZ)")"
  separator=""
  for part in $all; do
    [ -e "$report/parts/$part.result" ] || continue
    IFS='|' read -r name passed failed skipped time note < "$report/parts/$part.result"
    printf '%s\n    { "part": "%s", "passed": %d, "failed": %d, "skipped": %d, "seconds": %d, "note": %s }' "$separator" "$name" "$passed" "$failed" "$skipped" "$time" "$(quote "$note")"
    separator=,
  done
  printf '\n  ]\n}\n'
} > "$report/report.json"
{
  printf '# GPU check\n\nCommit %s on %s, %s. Made by `tools/gpu-check.sh`.\n\n| part | passed | failed | not run | seconds | |\n|---|---:|---:|---:|---:|---|\n' "$commit" "${gpu:-no GPU}" "$(date -u +%Y-%m-%d)"
  for part in $all; do
    if [ -e "$report/parts/$part.result" ]; then
      IFS='|' read -r name passed failed skipped time note < "$report/parts/$part.result"
      printf '| %s | %d | %d | %d | %d | %s |\n' "$name" "$passed" "$failed" "$skipped" "$time" "$note"
    else
      printf '| %s | | | | | not asked for |\n' "$part"
    fi
  done
} > "$report/report.md"
cat "$report/report.md"
# A check that could not run has not passed.
cat "$report"/parts/*.result | awk -F'|' '{ passed += $2; failed += $3 } END { exit failed > 0 || passed == 0 }'
