#!/usr/bin/env bash
# Where rustup reaches nothing: Debian's rustc (of the -web packages, which follow the browsers) with a standard library
# for wasm compiled from its source package. Needs root.   debian-rust.sh FOLDER   leaves FOLDER/env to be sourced.
set -euo pipefail
place=$1
target=wasm32-unknown-unknown
export DEBIAN_FRONTEND=noninteractive

apt-get update
apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src lld-22 rustfmt-web rust-web-clippy gcc libc6-dev

# /usr/bin first: a rustup that could install nothing may still stand in front of it.
PATH="/usr/bin:$PATH"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sysroot=$(rustc --print sysroot)
vendor=$(dpkg -L rust-web-src | grep '/rustc-[^/]*/library/vendor$')

mkdir -p "$work/src"
printf '#![no_std]\n' >"$work/src/lib.rs"
printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n' >"$work/Cargo.toml"
(
  cd "$work"
  # Not simd128 here: std is to be as rustup's is.
  RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Cembed-bitcode=yes" CARGO_TARGET_DIR="$work/target" cargo build --release --offline \
    --config 'source.crates-io.replace-with="vendor"' --config "source.vendor.directory=\"$vendor\"" \
    -Zbuild-std=std,panic_abort,test --target "$target"
)

lib="$sysroot/lib/rustlib/$target/lib"
rm -rf "$lib"
mkdir -p "$lib"
for file in "$work/target/$target/release/deps/"*.rlib; do
  case "$file" in */libempty-*) ;; *) cp "$file" "$lib/" ;; esac
done

mkdir -p "$place/bin"
for program in cargo rustc rustfmt cargo-fmt cargo-clippy clippy-driver; do ln -sf "/usr/bin/$program" "$place/bin/$program"; done
cat >"$place/env" <<'ENV'
# Debian's Rust has no linker of its own for wasm. This list is added to the one in .cargo/config.toml.
export PATH="$(dirname "${BASH_SOURCE[0]}")/bin:$PATH"
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="-C linker-flavor=wasm-ld"
ENV
