#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD [vendored]: builds and tests the crates with the library of that build folder;
# then packs them, and builds and runs a program in an empty project with the packed crates. With
# `vendored` these build the library themselves (minutes).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
features=${2:+\"vendored\"}
folder=$here/../../build/rust
mkdir -p "$folder"
folder=$(realpath "$folder")
export CARGO_TARGET_DIR=$folder/target

section() { printf '\n-- %s\n' "$*"; }

section "the declarations are those of the header"
python3 -B "$here/generate_sys.py" --check

section "the crates, with the installed library: $(cargo --version)"
rm -rf "$folder/installed"
cmake --install "$build" --prefix "$folder/installed" >/dev/null
export PKG_CONFIG_PATH=$folder/installed/lib/pkgconfig LD_LIBRARY_PATH=$folder/installed/lib
cd "$here"
cargo fmt --check
cargo clippy --quiet --all-targets --features rayon,half -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --features rayon,half
cargo test --quiet --features rayon,half

section "the packed crates in an empty project${2:+, which build the library}"
[ -z "$features" ] || unset PKG_CONFIG_PATH LD_LIBRARY_PATH
rm -rf "$folder/packed" "$folder/empty"
mkdir -p "$folder/packed" "$folder/empty/src"
cargo package --quiet --allow-dirty --no-verify
for crate in gradstep-sys gradstep gradstep-candle gradstep-burn; do
  tar -xzf "$CARGO_TARGET_DIR/package/$crate-"[0-9]*.crate -C "$folder/packed"
done
packed() { echo "$folder/packed/$1-"[0-9]*; }
cat >"$folder/empty/Cargo.toml" <<TEXT
[package]
name = "empty"
version = "0.0.0"
edition = "2024"
[dependencies]
gradstep = { path = "$(packed gradstep)", features = [$features] }
gradstep-candle = { path = "$(packed gradstep-candle)" }
candle-core = "0.11"
candle-nn = "0.11"
gradstep-burn = { path = "$(packed gradstep-burn)" }
burn = { version = "0.22", default-features = false, features = ["std", "flex", "autodiff", "optim"] }
[patch.crates-io]
gradstep-sys = { path = "$(packed gradstep-sys)" }
gradstep = { path = "$(packed gradstep)" }
[workspace]
TEXT
cp "$here/Cargo.lock" "$folder/empty"
mkdir -p "$folder/empty/src/bin"
for crate in gradstep gradstep-candle gradstep-burn; do
  awk '/^```rust$/ {on = 1; next} /^```$/ && on {exit} on' "$here/$crate/README.md" \
    >"$folder/empty/src/bin/$crate.rs"
done
cd "$folder/empty"
for crate in gradstep gradstep-candle gradstep-burn; do cargo run --quiet --bin "$crate"; done
