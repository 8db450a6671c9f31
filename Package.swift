// swift-tools-version: 6.3
import PackageDescription

// The folders are the architecture; imports point one way, down. docs/architecture.md draws it.
let package = Package(
  name: "swift-yolox",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "yolox", targets: ["CLI"]),
    .executable(name: "yolox-train", targets: ["TrainCLI"]),
    .library(name: "YOLOXClient", targets: ["YOLOXClient"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    // The platform's C library, and the smallest Foundation that the platform has, under one name each.
    .target(name: "PlatformC"),
    .target(name: "FoundationCompatibility", dependencies: ["PlatformC"]),
    // CPU quota and memory limit of the container.
    .target(name: "ControlGroup", dependencies: ["PlatformC"]),
    // The loops of inference, compiled once for each instruction set.
    .target(name: "CKernels"),
    // Tensors and graphs; no YOLO words.
    .target(name: "Engine", dependencies: ["CKernels", "ControlGroup", "PlatformC"]),
    // JPEG, PNG and WebP through libjpeg-turbo, libpng and libwebp.
    .target(
      name: "CCodecs",
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("webp")]),
    .target(name: "CLetterbox"),
    // Decoding, letterboxing and encoding of images, and drawing of boxes.
    .target(
      name: "Imaging", dependencies: ["CCodecs", "CLetterbox"], exclude: ["Drawing/make-font.py"],
      resources: [.embedInCode("Drawing/roboto-medium.labelfont")]),
    // ONNX, PyTorch, safetensors: bytes to named tensors.
    .target(name: "Checkpoints", dependencies: ["FoundationCompatibility", "PlatformC", "Engine"]),
    // The networks of the paper, weights to model, boxes.
    .target(
      name: "YOLOX",
      dependencies: ["FoundationCompatibility", "PlatformC", "Engine", "Checkpoints", "Imaging"]),
    // COCO's files and its evaluation.
    .target(name: "COCO", dependencies: ["FoundationCompatibility"]),
    // SHA-256, by a library of the system.
    .systemLibrary(name: "CNettle", providers: [.apt(["nettle-dev"])]),
    .target(name: "Digests", dependencies: [.target(name: "CNettle", condition: .when(platforms: [.linux]))]),
    // Published weights: download and verification.
    .target(name: "WeightsStore", dependencies: ["Digests", "FoundationCompatibility", "PlatformC"]),
    // Readiness of sockets: epoll or kqueue.
    .target(name: "CEventPoll"),
    // Decompression of request bodies.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    // HTTP/1.1 on sockets and Dispatch; knows nothing about images.
    .target(
      name: "HTTPServer",
      dependencies: [
        "CEventPoll", "CZlib", "PlatformC", .product(name: "HTTPTypes", package: "swift-http-types"),
      ]),
    // A swift-metrics backend with Prometheus text output.
    .target(
      name: "PrometheusMetrics", dependencies: [.product(name: "CoreMetrics", package: "swift-metrics")]),
    // Codable values to JSON with members in the order of their declaration.
    .target(name: "OrderedJSON"),
    // The demo network and a sample image, compiled into the binary.
    .target(name: "CEmbedded"),
    .target(name: "Embedded", dependencies: ["CEmbedded"]),
    // The detector behind the server: queue, batches, routes, problems.
    .target(
      name: "Service",
      dependencies: [
        "Digests", "Embedded", "Engine", "FoundationCompatibility", "HTTPServer", "Imaging", "OrderedJSON",
        "PlatformC", "PrometheusMetrics", "YOLOX",
        .product(name: "CoreMetrics", package: "swift-metrics"),
        .product(name: "Metrics", package: "swift-metrics"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ],
      resources: [
        .embedInCode("API/openapi.json"),
        .embedInCode("Page/index.html"), .embedInCode("Page/page.css"), .embedInCode("Page/page.js"),
        .embedInCode("Page/page-camera.js"), .embedInCode("Page/page-drawing.js"),
        .embedInCode("Page/page-service.js"), .embedInCode("Page/page-settings.js"),
        .embedInCode("Page/page-zones.js"),
      ]),
    // Settings of the C library's allocator for a long-running process.
    .target(name: "CAllocator"),
    // The `yolox` command. Named so because a folder `yolox` beside `YOLOX` collides on case-insensitive disks.
    .executableTarget(
      name: "CLI",
      dependencies: [
        "CAllocator", "COCO", "Checkpoints", "ControlGroup", "Digests", "Embedded", "Engine",
        "FoundationCompatibility", "HTTPServer", "Imaging",
        "OrderedJSON", "PlatformC", "Service", "WeightsStore", "YOLOX",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    // Matrix products for training; the server does not link it.
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    // The loops of training.
    .target(name: "CTraining"),
    // The same graph forward and backward, losses, assignment, optimiser, data, trainer.
    .target(
      name: "Training",
      dependencies: [
        "FoundationCompatibility", "PlatformC", "COCO", "COpenBLAS", "CTraining", "Checkpoints", "Engine",
        "Imaging", "YOLOX",
      ]),
    // The `yolox-train` command.
    .executableTarget(
      name: "TrainCLI",
      dependencies: [
        "FoundationCompatibility",
        "COCO", "Checkpoints", "Engine", "Imaging", "Training", "YOLOX",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // The client library for other programs. Shares only the HTTP API with the service.
    .target(name: "YOLOXClient", dependencies: ["CZlib"]),

    .target(
      name: "TestSupport", dependencies: ["CZlib", "Embedded", "Engine", "PlatformC", "YOLOX"],
      path: "Tests/TestSupport"),
    .testTarget(
      name: "CLITests",
      dependencies: [
        "CLI", "Checkpoints", "Engine", "HTTPServer", "Imaging", "Service", "TestSupport", "YOLOX",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "Engine", "TestSupport"]),
    .testTarget(name: "ControlGroupTests", dependencies: ["ControlGroup"]),
    .testTarget(name: "COCOTests", dependencies: ["COCO", "TestSupport"]),
    .testTarget(name: "EngineTests", dependencies: ["Engine", "TestSupport"]),
    .testTarget(name: "ImagingTests", dependencies: ["CLetterbox", "Imaging", "TestSupport"]),
    .testTarget(
      name: "PrometheusMetricsTests",
      dependencies: ["PrometheusMetrics", .product(name: "CoreMetrics", package: "swift-metrics")]),
    .testTarget(name: "OrderedJSONTests", dependencies: ["OrderedJSON"]),
    .testTarget(name: "HTTPServerTests", dependencies: ["HTTPServer", "TestSupport"]),
    .testTarget(
      name: "ServiceTests",
      dependencies: [
        "Service", "COCO", "Checkpoints", "Engine", "HTTPServer", "Imaging", "PrometheusMetrics", "Training",
        "YOLOX", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "TrainCLI", "COCO", "Checkpoints", "Engine", "Imaging", "YOLOX", "TestSupport",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .testTarget(name: "WeightsStoreTests", dependencies: ["WeightsStore", "TestSupport"]),
    .testTarget(
      name: "YOLOXClientTests",
      dependencies: [
        "YOLOXClient", "Checkpoints", "HTTPServer", "Imaging", "Service", "TestSupport", "YOLOX",
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "YOLOXTests", dependencies: ["YOLOX", "Checkpoints", "Engine", "Imaging", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// `make docs` builds the documentation of YOLOXClient. Other builds neither fetch nor build the plugin.
if Context.environment["YOLOX_DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

// libFuzzer brings its own main, so its targets are there only when Fuzz/run.sh asks for one of them.
if let name = Context.environment["YOLOX_FUZZ"] {
  let dependencies: [String: [Target.Dependency]] = [
    "HTTP": ["HTTPServer"], "Multipart": ["HTTPServer"], "Form": ["HTTPServer"],
    "ContentCoding": ["HTTPServer"], "DetectRequest": ["HTTPServer", "Service"],
    "KServe": ["HTTPServer", "Service"], "DOODS": ["Service"],
    "Pickle": ["Checkpoints"], "ONNX": ["Checkpoints"], "Safetensors": ["Checkpoints"],
    "Image": ["Imaging"], "COCO": ["COCO"], "VOC": ["Training"],
  ]
  package.targets += [
    .target(name: "FuzzSupport", path: "Fuzz/Support"),
    .executableTarget(
      name: "Fuzz" + name,
      dependencies: (dependencies[name] ?? []) + [
        "FuzzSupport", .product(name: "HTTPTypes", package: "swift-http-types"),
      ],
      path: "Fuzz/" + name, sources: ["."], swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
  ]
}

// Training on several machines, where MPI is installed (libopenmpi-dev): YOLOX_MPI=1 swift build ...
if Context.environment["YOLOX_MPI"] != nil {
  package.targets.append(
    .systemLibrary(name: "CMPI", pkgConfig: "mpi-c", providers: [.apt(["libopenmpi-dev"])]))
  for target in package.targets where target.name == "Training" {
    target.dependencies.append("CMPI")
    target.swiftSettings = [.define("YOLOX_MPI")]
  }
}

for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [
      .enableUpcomingFeature("ExistentialAny"),
      .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
