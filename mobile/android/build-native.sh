#!/usr/bin/env bash
# Builds libalbert.a for Android's ABIs and puts it where the Gradle module looks.
# Needs: rustup target add aarch64-linux-android x86_64-linux-android; cargo install cargo-ndk; ANDROID_NDK_HOME.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=mobile/android/albert/libs
targets=(aarch64-linux-android:arm64-v8a x86_64-linux-android:x86_64)
for pair in "${targets[@]}"; do
  target=${pair%%:*} abi=${pair##*:}
  # Without std there is nothing of the C library in it; the panic handler is dropped, since nothing reaches it.
  CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_LTO=fat \
    cargo ndk --target "$abi" rustc --release -p albert-capi --crate-type staticlib --no-default-features --features panic-halt
  mkdir -p "$out/$abi"
  cp "${CARGO_TARGET_DIR:-target}/$target/release/libalbert.a" "$out/$abi/"
done
