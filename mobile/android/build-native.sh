#!/usr/bin/env bash
# Builds libalbert.a for Android's ABIs and puts it where the Gradle module looks.
# Needs: rustup target add aarch64-linux-android armv7-linux-androideabi x86_64-linux-android; cargo install cargo-ndk;
# ANDROID_NDK_HOME.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=mobile/android/albert/libs
targets=(aarch64-linux-android:arm64-v8a armv7-linux-androideabi:armeabi-v7a x86_64-linux-android:x86_64)
for pair in "${targets[@]}"; do
  target=${pair%%:*} abi=${pair##*:}
  # Not panic=abort: a panic becomes an error of the call.
  CARGO_PROFILE_RELEASE_LTO=fat cargo ndk --platform 24 --target "$abi" \
    rustc --release --locked -p albert-capi --crate-type staticlib
  mkdir -p "$out/$abi"
  cp "${CARGO_TARGET_DIR:-target}/$target/release/libalbert.a" "$out/$abi/"
done
