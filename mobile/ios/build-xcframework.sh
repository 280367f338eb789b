#!/usr/bin/env bash
# Builds Albert.xcframework for iOS devices, simulators and macOS. Needs Xcode and the rustup targets below.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${CARGO_TARGET_DIR:-target}
out=mobile/ios/Albert.xcframework
library() { echo "$build/$1/release/libalbert.a"; }
for target in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin; do
  # Not panic=abort: a panic becomes an error of the call.
  CARGO_PROFILE_RELEASE_LTO=fat \
    cargo rustc --release --locked -p albert-capi --crate-type staticlib --target "$target"
done
mkdir -p "$build/apple/simulator" "$build/apple/macos" "$build/apple/include"
lipo -create "$(library aarch64-apple-ios-sim)" "$(library x86_64-apple-ios)" -output "$build/apple/simulator/libalbert.a"
lipo -create "$(library aarch64-apple-darwin)" "$(library x86_64-apple-darwin)" -output "$build/apple/macos/libalbert.a"
cp albert-capi/include/{albert,albert_tasks,albert_fit}.h mobile/ios/module.modulemap "$build/apple/include/"
rm -rf "$out"
xcodebuild -create-xcframework \
  -library "$(library aarch64-apple-ios)" -headers "$build/apple/include" \
  -library "$build/apple/simulator/libalbert.a" -headers "$build/apple/include" \
  -library "$build/apple/macos/libalbert.a" -headers "$build/apple/include" \
  -output "$out"
