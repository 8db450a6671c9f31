import ArgumentParser
import Checkpoints
import Engine
import FoundationCompatibility
import Imaging
import WeightsStore
import YOLOX

struct WeightsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weights", abstract: "List, download, inspect, convert and quantize weights.",
    subcommands: [List.self, Inspect.self, Convert.self, Quantize.self, Fetch.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the published weights.")

    func run() async throws {
      for model in try WeightsLocation.manifest().models {
        let size =
          model.bytes.map { (Double($0) / 1e6).text(decimals: 1).padded(to: 6, .right) + " MB" }
          ?? "  size unknown"
        try printLine("\(model.name.padded(to: 18)) \(size) \(model.file)")
      }
    }
  }

  struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Describe a weights file.")

    @Argument(help: "Weights file (.onnx, .pth, .safetensors).", completion: .weights) var file: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
      let weights = try PretrainedWeights.read(file)
      let graph = Graph.yolox(weights.architecture, classCount: weights.classCount)
      let facts: [(String, String)] = [
        ("format", weights.format.rawValue), ("model", weights.architecture.modelName),
        ("classes", "\(weights.classCount)"), ("parameters", "\(graph.parameterCount)"),
        ("activation", weights.architecture.activation.name),
        ("input", "\(weights.inputSize)"), ("preprocessing", weights.preprocessing.rawValue),
        ("sha256", try sha256(ofFile: file)),
      ]
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        try printLine(
          String(decoding: try encoder.encode(Dictionary(uniqueKeysWithValues: facts)), as: UTF8.self))
      } else {
        for (name, value) in facts { try printLine(name.padded(to: 14) + value) }
        try printLine(
          "labels        " + weights.labels.prefix(8).joined(separator: ", ")
            + (weights.labels.count > 8 ? ", ..." : ""))
      }
    }
  }

  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download published weights and verify them.",
      discussion: "Searches \(WeightsLocation.searchPathText) before it downloads.")

    @Argument(help: "Name such as yolox-nano; see 'yolox weights list'.", completion: .weights) var name:
      String
    @Option(
      help: ArgumentHelp(
        "Folder for the file.",
        discussion:
          "Default: ./weights in a checkout, else /var/lib/yolox if writable, else $XDG_DATA_HOME/yolox."))
    var directory: String?

    @Flag(help: "Download the file for yolox-train, which has batch normalisation.") var training = false

    @Option(help: "SHA-256 digest that the file must have, instead of the published one.")
    var sha256: String?

    @Flag(help: "Accept weights without a published digest or size, and pin their digest.")
    var trustFirstDownload = false

    func validate() throws {
      guard let sha256 else { return }
      guard sha256.utf8.count == 64, sha256.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
        throw ValidationError("--sha256 must be 64 hexadecimal digits")
      }
      guard !trustFirstDownload else {
        throw ValidationError("--sha256 and --trust-first-download exclude each other")
      }
    }

    private var trust: WeightsStore.Trust {
      sha256.map { .digest($0.lowercased()) } ?? (trustFirstDownload ? .firstDownload : .published)
    }

    func run() async throws {
      let fetched = try await fetch()
      ProgressBar(label: "", total: 0).finish()
      switch fetched.origin {
      case .alreadyThere: try printLine("\(fetched.path) is up to date")
      case .copied(let source): try printLine("\(fetched.path) copied from \(source)")
      case .downloaded(let url): try printLine("\(fetched.path) downloaded from \(url)")
      }
      let verdict =
        switch fetched.verification {
        case .digest: "verified"
        case .pinnedDigest: "the same as at its first download; no digest is published"
        case .size: "of the published size; digest pinned for later downloads"
        case .firstUse: "not verified; digest pinned for later downloads"
        }
      try printLine("\(fetched.bytes) bytes, sha256 \(fetched.sha256), \(verdict)")
    }

    private func fetch() async throws -> WeightsStore.Fetched {
      do {
        return try await WeightsLocation.store(directory).fetch(
          training ? name + "-training" : name, trusting: trust
        ) { received, total in
          var bar = ProgressBar(label: "kB", total: (total ?? received) / 1000)
          bar.show(received / 1000)
        }
      } catch let error as FetchError where error.isUnavailable {
        printError("Error: \(error)")
        throw ExitCode(Fetch.unavailable)
      }
    }

    /// EX_UNAVAILABLE of sysexits.h: the file is elsewhere and cannot be reached. `make serve` goes on without it.
    private static let unavailable: Int32 = 69
  }
}

func requireSafetensors(_ output: String) throws {
  guard output.hasSuffix(".safetensors") else {
    throw ValidationError("the output file must end in .safetensors")
  }
}
