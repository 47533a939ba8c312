# SPDX-License-Identifier: MIT
# For Nix; never run. `nix-build packaging/nix` builds the tree that it lies in.
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation {
  pname = "threading";
  version = "0.1.0";
  src = ../..;

  outputs = [ "out" "dev" "man" ];
  nativeBuildInputs = [ pkgs.cmake ];
  cmakeFlags = [
    "-DTHREADING_EXAMPLES=OFF"
    "-DTHREADING_CXX=OFF"
  ];

  meta = {
    description = "Python's threading, queue and concurrent.futures, for C";
    license = pkgs.lib.licenses.mit;
    platforms = pkgs.lib.platforms.unix;
  };
}
