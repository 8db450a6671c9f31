// swift-tools-version: 6.1
import PackageDescription

// The folders are the architecture; imports point one way, down. docs/architecture.md draws it.
let package = Package(
  name: "swift-yolox",
  platforms: [.macOS(.v15)],
  targets: [
    // Tensors and graphs; no YOLO words.
    .target(name: "Engine"),
    // The networks of the paper, weights to model, boxes.
    .target(name: "YOLOX", dependencies: ["Engine"]),

    .target(name: "TestSupport", dependencies: ["Engine"], path: "Tests/TestSupport"),
    .testTarget(name: "EngineTests", dependencies: ["Engine", "TestSupport"]),
    .testTarget(name: "YOLOXTests", dependencies: ["YOLOX", "Engine", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
