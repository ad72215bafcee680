#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: sh examples/quickstart.sh [FOLDER]
# Installs or lists missing packages, builds, trains a VAE on synthetic digits, and writes four pictures to FOLDER
# (default: the current folder). Takes two to three minutes on two cores.
set -e
top=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$PWD}
. "$top/tests/support/prepare.sh"
prepare_packages
echo "building in $top/build"
prepare_build "$top/build" --buildtype=release
genlat=$top/build/examples/genlat/genlat
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

"$genlat" train vae --data 'digits?n=20000' --valid 'digits#valid?n=2000' --preset mlp --epochs 20 --batch 128 \
  --seed 1 --threads 2 --out "$work/digits.safetensors" --plots "$work"
"$genlat" sample "$work/digits.safetensors" -n 64 --seed 2 -o "$out/samples.png"
"$genlat" reconstruct "$work/digits.safetensors" --data 'digits#test?n=20' -o "$out/reconstructions.png"
for picture in latent loss; do
  cp "$work/$picture.png" "$out/$picture.png"
done

cat <<END

samples.png           64 digits that the decoder generates from noise; none of them is in the training data
reconstructions.png   digits that are not in the training data, and below each its reconstruction
latent.png            codes of such digits in their two principal components, coloured by label
loss.png              negative ELBO in nats by epoch, for training and validation
The pictures are in $out
END
