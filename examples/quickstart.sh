#!/bin/sh
# SPDX-License-Identifier: MIT
# usage: sh examples/quickstart.sh [FOLDER]
# Installs or names missing packages, builds, trains a VAE on digits that the library draws itself, and writes four
# pictures into FOLDER (default: here). Two to three minutes on two cores.
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

samples.png           64 digits drawn from noise by the decoder: none of them was ever in the data
reconstructions.png   digits the model has not seen, and below each what it makes of its code
latent.png            codes of digits it has not seen on their two principal components, coloured by label
loss.png              negative ELBO in nats, training and validation, by epoch
They are in $out
END
