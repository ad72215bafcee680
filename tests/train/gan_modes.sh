#!/bin/sh
# Mode coverage of a preset over seeds, with the protocol of PacGAN; one line per training, then the means.
# usage: gan_modes.sh PROGRAM [ring|grid [SEEDS [STEPS [key=value ...]]]]
# PROGRAM: tests/train/gan_modes of a build
set -eu
program=$1 data=${2:-ring} seeds=${3:-10} steps=${4:-30000}
shift $(($# < 4 ? $# : 4))
seed=1
while [ "$seed" -le "$seeds" ]; do
    "$program" "$data" "$seed" "$steps" "$@" | tail -n 1
    seed=$((seed + 1))
done | tee /dev/stderr | tr -d '{}"' | awk -F '[:,]' '
    { for (i = 1; i < NF; i += 2) value[$i] = $(i + 1)
      modes += value["modes"]; hq += value["hq"]; kl += value["kl"]; seconds += value["seconds"]; n++
      all += value["modes"] == value["of"] }
    END { printf "%d trainings: %d with all modes, modes %.2f, hq %.4f, kl %.4f, seconds %.0f\n",
          n, all, modes / n, hq / n, kl / n, seconds / n }'
