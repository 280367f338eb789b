// swift-tools-version:5.9
import PackageDescription

let package = Package(
    name: "Albert",
    platforms: [.iOS(.v13), .macOS(.v11)],
    products: [.library(name: "Albert", targets: ["Albert"])],
    targets: [
        // Made by build-xcframework.sh.
        .binaryTarget(name: "AlbertC", path: "Albert.xcframework"),
        .target(name: "Albert", dependencies: ["AlbertC"]),
    ]
)
