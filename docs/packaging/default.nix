# nix-build docs/packaging: the library, its readers of files and the program.
{ pkgs ? import <nixpkgs> { } }:
pkgs.stdenv.mkDerivation {
  pname = "libgenlat";
  version = "0.1.0";
  src = pkgs.lib.cleanSource ../..;
  outputs = [ "out" "dev" "man" ];
  nativeBuildInputs = with pkgs; [ meson ninja pkg-config python3 ];
  buildInputs = with pkgs; [ zlib libpng libjpeg libsndfile cairo ];
  propagatedBuildInputs = with pkgs; [ openblas jansson ];
  checkInputs = with pkgs; [ check ];
  mesonFlags = [ "-Dblas=openblas" "-Dfiles=enabled" "-Dprogram=enabled" ];
  doCheck = true;
  checkPhase = "meson test --no-rebuild --no-suite train --no-suite bench --print-errorlogs";
  meta = {
    description = "Latent-variable generative models (VAE, GAN) in C";
    license = pkgs.lib.licenses.mit;
    mainProgram = "genlat";
  };
}
