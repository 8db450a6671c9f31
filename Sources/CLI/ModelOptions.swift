import ArgumentParser
import CAllocator
import Engine
import Imaging
import WeightsStore
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Which network, and how it is run. Shared by all commands that run one.
struct ModelOptions: ParsableArguments {
  @Option(
    help:
      "A file (.onnx, .pth, .safetensors) or the name of published weights, e.g. yolox-s; see 'yolox weights list'."
  )
  var weights = "yolox-nano"

  @Option(
    help:
      "Input size in pixels, a multiple of 32: 640, or HEIGHTxWIDTH such as 384x640. Default: the weights'.")
  var size: InputSize?

  @Option(help: "Threads. Default: as many as there are processors for this process.")
  var threads: Int?

  @Option(help: "A text file with one label a line, in place of the weights' own.")
  var labels: String?

  @Option(help: "standard, or legacy for weights from before the authors' release 0.1.1 (normalised RGB).")
  var preprocessing: Preprocessing?

  @Option(help: PrecisionOption.help)
  var precision = PrecisionOption.fixed(.float32)

  @Option(
    help: """
      auto, or off: decode every pixel of a JPEG, also where the network's input takes less than half of its width and \
      height.
      """)
  var fastDecode = ScaledDecode.auto

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
  }

  var threadCount: Int { threads ?? availableProcessors() }

  func loadModel() throws -> Model { try loadModel(weights) }

  /// - Parameters:
  ///   - name: what the model is called, instead of what its network is called.
  ///   - report: told what `--precision auto` has chosen.
  func loadModel(
    _ weights: String, name: String? = nil, report: (PrecisionChoice) -> Void = { printError("\($0)") }
  ) throws -> Model {
    try loadingCompactly { try plannedModel(weights, name: name, report: report) }
  }

  private func plannedModel(
    _ weights: String, name: String?, report: (PrecisionChoice) -> Void
  ) throws -> Model {
    let path = try WeightsLocation.path(of: weights)
    let pretrained: PretrainedWeights
    do { pretrained = try PretrainedWeights(contentsOf: path) } catch { throw CLIError("\(path): \(error)") }
    let names = try labels.map { file in
      guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
        throw CLIError("\(file): cannot be read as text")
      }
      return text.split(whereSeparator: \.isNewline)
        .map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter { !$0.isEmpty }
    }
    var model = try Model(
      pretrained, name: name, sha256: sha256(ofFile: path), inputSize: size, labels: names,
      preprocessing: preprocessing,
      options: PlanOptions(precision: precision.resolved(for: pretrained, report: report)))
    model.fastDecode = fastDecode
    return model
  }
}

/// Loads something, and then gives back to the system what loading took beside it: for a network, its weights as they
/// are in the file, which are as large as the packed ones.
func loadingCompactly<Loaded>(_ load: () throws -> Loaded) rethrows -> Loaded {
  let loaded = try load()
  allocator_trim()
  return loaded
}

/// Finds published weights on this machine.
enum WeightsLocation {
  static let folder = "weights"

  static func store() throws -> WeightsStore {
    let environment = ProcessInfo.processInfo.environment
    let folders = [folder, installed].compactMap(\.self)
    guard
      let directory = folders.first(where: { FileManager.default.fileExists(atPath: $0 + "/manifest.json") })
    else {
      throw CLIError(
        "no manifest.json in \(folders.joined(separator: " or ")); give --weights a file, or run from the checkout"
      )
    }
    return WeightsStore(
      directory: directory, manifest: try Manifest(contentsOf: directory + "/manifest.json"),
      localSources: [environment["YOLOX_WEIGHTS_DIR"], "../shared/weights"].compactMap(\.self))
  }

  /// PREFIX/share/swift-yolox/weights, where the command is PREFIX/bin/yolox.
  private static var installed: String? {
    #if os(Linux)
      let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    #else
      let executable = Bundle.main.executablePath
    #endif
    return executable.map {
      URL(filePath: $0).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "share/swift-yolox/weights").path
    }
  }

  /// A file as it is; a name as the file that a fetch has brought.
  static func path(of weights: String) throws -> String {
    let files = FileManager.default
    if files.fileExists(atPath: weights) { return weights }
    guard !weights.contains("/"), let store = try? store(),
      let model = try? store.manifest.model(named: weights)
    else {
      throw CLIError("\(weights): no such file, and no published weights of that name")
    }
    let places = [store.directory] + store.localSources
    guard let path = places.map({ "\($0)/\(model.file)" }).first(where: files.fileExists(atPath:)) else {
      throw CLIError("\(model.name) is not here yet; run: yolox weights fetch \(model.name)")
    }
    return path
  }
}

/// One line for the user.
struct CLIError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension InputSize: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}

extension Preprocessing: ExpressibleByArgument {}

extension ScaledDecode: ExpressibleByArgument {}

extension Variant: ExpressibleByArgument {}
