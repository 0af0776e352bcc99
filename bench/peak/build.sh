#!/usr/bin/env bash
# How strict.wasm and relaxed.wasm were made from loops.rs, by rustc 1.95:   ./build.sh bench/peak/build.sh   (in the root)
# They are kept and not built again: a peak that changed with the compiler would be no measure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
for simd in strict relaxed; do
  features=+simd128
  [ $simd = strict ] || features+=,+relaxed-simd
  # -disable-lsr: as the kernel is built (.cargo/config.toml).
  rustc --edition 2024 --crate-type cdylib --target wasm32-unknown-unknown -C opt-level=3 -C panic=abort -C strip=symbols \
    -C target-feature=$features -C llvm-args=-disable-lsr -o $simd.wasm loops.rs
done
