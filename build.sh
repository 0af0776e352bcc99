#!/usr/bin/env bash
# Sets up what is missing and builds dist/; then runs the command that follows, if any, with the tools on its PATH.
#   ./build.sh             ./build.sh cargo test --target wasm32-unknown-unknown -p linalg
# Order for Rust: a toolchain that has the wasm target; rustup; Debian's packages (as root); else a line saying what to install.
# Tools are cached by version in ${XDG_CACHE_HOME:-~/.cache}/retrograd, so that the next clone builds in seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# Each of these silently replaces the flags in .cargo/config.toml: the kernel would be scalar.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS CARGO_BUILD_TARGET

cache="${XDG_CACHE_HOME:-$HOME/.cache}/retrograd"
target=wasm32-unknown-unknown
channel=$(sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
bindgen=$(sed -n 's/^wasm-bindgen = "=\(.*\)"/\1/p' Cargo.toml) # the program and the crate must be of one version
pack=0.15.1

say() { printf '%s\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# step WHAT COMMAND...: says what is done and how long it took; shows the command's output when it fails.
step() {
  local what=$1 start=$EPOCHREALTIME log
  shift
  log=$(mktemp)
  printf '%s ... ' "$what"
  if "$@" >"$log" 2>&1; then
    awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s\n", b - a }'
    rm -f "$log"
  else
    say failed
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
}

# The rustc on PATH: at least 1.95, with the standard library for wasm.
rust_ready() {
  local version
  version=$(RUSTUP_AUTO_INSTALL=0 rustc --version 2>/dev/null) && command -v cargo >/dev/null || return 1
  version=${version#rustc }
  version=${version%% *}
  [ "$(printf '%s\n' 1.95.0 "$version" | sort -V | head -1)" = 1.95.0 ] || return 1
  compgen -G "$(rustc --print sysroot)/lib/rustlib/$target/lib/libstd-*.rlib" >/dev/null
}

# What an earlier run built from Debian's packages.
debian_rust() { [ -f "$cache/debian-rust/env" ] && . "$cache/debian-rust/env" && rust_ready; }

set_up_rust() {
  rust_ready && return
  debian_rust && return
  if command -v rustup >/dev/null; then
    step "Rust $channel with $target (rustup)" rustup toolchain install "$channel" --profile minimal \
      --target "$target" --component clippy --component rustfmt && rust_ready && return
  fi
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    step "Rust with $target (Debian's packages; the standard library is compiled)" bash ts/build/debian-rust.sh "$cache/debian-rust" &&
      debian_rust && return
  fi
  fail "Rust 1.95 or newer with the target $target is needed: install rustup from https://rustup.rs and run this again"
}

# Rust links the tools, and the programs that the build runs, by the system's compiler.
set_up_linker() {
  command -v cc >/dev/null && return
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    step "A C linker (Debian's packages)" bash -c 'apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev' &&
      command -v cc >/dev/null && return
  fi
  fail "a C linker, cc, is needed: install your system's C compiler (Debian: build-essential) and run this again"
}

# tool NAME VERSION PROGRAM CRATE: installed from the crate registry into the cache.
tool() {
  local place="$cache/$1-$2"
  [ -x "$place/bin/$3" ] || step "$4 $2 (cargo install, two to five minutes)" \
    cargo install --locked --root "$place" --version "$2" "$4" || fail "$4 $2 could not be installed"
  PATH="$place/bin:$PATH"
}

node_ready='const [major, minor] = process.versions.node.split(".").map(Number); major > 20 || (major === 20 && minor >= 16)'
command -v npm >/dev/null && [ "$(node -p "$node_ready")" = true ] ||
  fail "Node 20.16 or newer is needed, with npm: https://nodejs.org"
set_up_rust
set_up_linker
tool wasm-bindgen "$bindgen" wasm-bindgen wasm-bindgen-cli
tool wasm-pack "$pack" wasm-pack wasm-pack
node ts/build/packages.mjs .

export PATH
node ts/build/main.mjs
[ $# = 0 ] || exec "$@"
