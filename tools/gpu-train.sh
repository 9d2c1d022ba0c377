#!/usr/bin/env bash
# Trains the 3D U-Net by several variants on real volumes in a few minutes of a borrowed GPU, scores them, and packs what comes home.
#
# Usage: gpu-train.sh pack DATA FILE     at home: a copy of the dataset folder DATA with voxels of 3 x 3 x 5 mm and whole numbers as FILE (.tar.xz, at most 30 MB)
#        gpu-train.sh run FILE OUT       on the GPU's machine, from the bundle that tools/bundle.sh makes
# 'run' times a few steps, then trains as many as fit into the time for all variants alike, and writes OUT/train.tgz (report, scores, curves, predictions), OUT/weights-VARIANT.tgz
# (the last weights; left out above 16 MiB) and OUT/train.log. Where the time is over before the last variant is done, the report has what there is and says what is missing.
#
# TRAIN_SECONDS=480      for everything                TRAIN_STEPS=5000      the most steps of a variant
# TRAIN_VARIANTS=individual,joint-norm,ummkd           TRAIN_SEEDS=1         more seeds or variants mean fewer steps each
# TRAIN_DEVICE=cuda      TRAIN_PRECISION=bf16          TRAIN_SETTINGS='network.channels=16 ...'   more settings, for all variants
# TRAIN_CONFIG=FILE      instead of configs/abdomen-ct-mr-3d-small.yaml, of which 16 channels, as published, are trained
# TRAIN_PROGRAM=...      instead of bin/unpairedseg beside this script
set -uo pipefail
if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0"; exit 0; fi
here="$(cd "$(dirname "$0")" && pwd)"
fail() { echo "gpu-train: $*" >&2; exit 2; }
action="${1:-}" source="${2:-}" target="${3:-}"
[ -n "$source" ] && [ -n "$target" ] || fail "say 'pack DATA FILE' or 'run FILE OUT'; see --help"
read -ra program <<< "${TRAIN_PROGRAM:-$here/bin/unpairedseg}"
command -v "${program[0]}" > /dev/null || fail "${program[0]} is missing; run this script from the unpacked bundle of tools/bundle.sh, or set TRAIN_PROGRAM"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
limit=$((30 * 1000 * 1000)) most_home=$((16 * 1024 * 1024))

pack() {
  "${program[@]}" preprocess --data "$source" --out "$work/data" --spacing 3,3,5 --whole-numbers || exit
  # One compressor over all volumes does better than one each.
  find "$work/data" -name '*.gz' -exec gunzip {} + || exit
  tar -C "$work" --sort=name --owner=0 --group=0 --mtime=@0 -c data | xz -6 -T0 > "$work/packed" || exit
  local bytes
  bytes=$(stat -c %s "$work/packed")
  [ "$bytes" -le $limit ] || fail "$source: $bytes bytes when packed, more than $limit; take fewer cases"
  mkdir -p "$(dirname "$target")" && mv "$work/packed" "$target" || exit
  echo "$target: $bytes bytes; on the GPU's machine: gpu-train.sh run $(basename "$target") OUT"
}

run() {
  local begun total="${TRAIN_SECONDS:-480}" variants="${TRAIN_VARIANTS:-individual,joint-norm,ummkd}" seeds="${TRAIN_SEEDS:-1}" most="${TRAIN_STEPS:-5000}" settings common
  local config="${TRAIN_CONFIG:-$here/configs/abdomen-ct-mr-3d-small.yaml}"
  [ -f "$config" ] || fail "$config is missing; set TRAIN_CONFIG"
  begun=$(date +%s)
  left() { echo $((begun + total - $(date +%s))); }
  mkdir -p "$target" && target="$(cd "$target" && pwd)" || exit
  tar -C "$work" -xJf "$source" && find "$work/data" -name '*.nii' -exec gzip -n -1 {} + || fail "$source: not what 'gpu-train.sh pack' made"
  read -ra settings <<< "network.channels=16 ${TRAIN_SETTINGS:-}"
  common=(--config "$config" --device "${TRAIN_DEVICE:-cuda}" --precision "${TRAIN_PRECISION:-bf16}")

  # Some of it is compiled and captured in the first steps; what one costs is told by the later ones.
  local pilot=$((most < 60 ? most : 60)) ms runs steps rc
  timeout -s INT -k 10 $((total / 4)) "${program[@]}" train --data "$work/data" --out "$work/pilot" "${common[@]}" --set "${settings[@]}" training.steps=$pilot training.seed=1 training.log_every=1 training.validate_every=0 > "$work/pilot.log" 2>&1 \
    || { rc=$?; cat "$work/pilot.log" >&2; fail "the first steps ended with exit code $rc"; }
  ms=$(sed -n 's/.*"time\/step_ms":\([0-9.]*\).*/\1/p' "$work/pilot/metrics.jsonl" | tail -n 20 | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
  [ -n "$ms" ] || fail "the first steps left no times in metrics.jsonl"
  # Own kernels launch each layer once per modality: a third more. A sixth of the time is for validation, scores and pictures.
  runs=$(awk -v v="$variants" -v s="$seeds" 'BEGIN { n = split(v, names, ","); for (i = 1; i <= n; i++) all += names[i] == "individual" ? 4 / 3 : 1; print all * split(s, seeds, ",") }')
  steps=$(awk -v left="$(left)" -v ms="$ms" -v runs="$runs" -v most="$most" 'BEGIN { n = int(left * 5 / 6 * 1000 / (ms * runs)); n = n < most ? n : most; print (n > 2 ? n : 2) }')
  echo "a step of ummkd takes $ms ms: $steps steps for each of $variants, seeds $seeds"

  local every=$(((steps + 1) / 2))
  timeout -s INT -k 20 "$(($(left) > 15 ? $(left) - 10 : 5))" "${program[@]}" experiment --data "$work/data" --out "$work/train" --variants "$variants" --seeds "$seeds" "${common[@]}" \
    --set "${settings[@]}" training.steps=$steps training.validate_every=$every training.save_every=$every training.log_every=$((steps < 100 ? 1 : steps / 100)) optimizer.decay_every=$(((steps + 19) / 20))
  rc=$?
  # Whole or not: a report of what there is.
  [ $rc -eq 0 ] || "${program[@]}" experiment report --out "$work/train"
  [ -d "$work/train" ] || exit
  tar -C "$work" --exclude checkpoints --exclude .lock -czf "$target/train.tgz" train || exit
  local folder file
  for folder in "$work"/train/runs/*/; do
    file="$target/weights-$(basename "$folder").tgz"
    (cd "$work/train/runs" && tar -czf "$file" "$(basename "$folder")/model.json" "$(ls -d "$(basename "$folder")"/checkpoints/step-* | tail -n 1)/weights.safetensors") 2> "$work/weights.log" || rm -f "$file"
    [ ! -e "$file" ] || [ "$(stat -c %s "$file")" -le $most_home ] || { rm "$file"; echo "$(basename "$file"): above 16 MiB, left out"; }
  done
  echo "$(($(date +%s) - begun)) of $total s, exit code $rc; $target/train.tgz"
  return $rc
}

case "$action" in
  pack) pack ;;
  run)
    run 2>&1 | tee "$work/train.log"
    rc=${PIPESTATUS[0]}
    [ -d "$target" ] && cp "$work/train.log" "$target/train.log"
    exit "$rc"
    ;;
  *) fail "say 'pack DATA FILE' or 'run FILE OUT'; see --help" ;;
esac
