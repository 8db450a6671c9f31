import ArgumentParser
import Checkpoints
import Engine
import Imaging
import WeightsStore
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

struct Weights: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weights", abstract: "Looks at files of weights, converts them, fetches published ones.",
    subcommands: [List.self, Inspect.self, Convert.self, Quantize.self, Fetch.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the published weights.")

    func run() async throws {
      for model in try WeightsLocation.store().manifest.models {
        let size =
          model.bytes.map { (Double($0) / 1e6).text(decimals: 1).right(6) + " MB" } ?? "  size unknown"
        print(model.name.left(18), size, model.file)
      }
    }
  }

  struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says what a file of weights is.")

    @Argument(help: "An .onnx, .pth or .safetensors file.") var file: String
    @Flag(help: "Print one JSON object.") var json = false

    func run() async throws {
      let weights: PretrainedWeights
      do { weights = try PretrainedWeights(contentsOf: file) } catch { throw CLIError("\(file): \(error)") }
      let graph = Graph.yolox(weights.architecture, classCount: weights.classCount)
      let facts: [(String, String)] = [
        ("format", weights.format.rawValue), ("model", weights.architecture.modelName),
        ("classes", "\(weights.classCount)"), ("parameters", "\(graph.parameterCount)"),
        ("input", "\(weights.inputSize)"), ("preprocessing", weights.preprocessing.rawValue),
        ("sha256", try sha256(ofFile: file)),
      ]
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        print(String(decoding: try encoder.encode(Dictionary(uniqueKeysWithValues: facts)), as: UTF8.self))
      } else {
        for (name, value) in facts { print(name.left(14) + value) }
        print(
          "labels        " + weights.labels.prefix(8).joined(separator: ", ")
            + (weights.labels.count > 8 ? ", ..." : ""))
      }
    }
  }

  struct Convert: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Writes weights as safetensors, with their labels and input size in them.")

    @Argument(help: "The weights to read.") var input: String
    @Argument(help: "The .safetensors file to write.") var output: String

    func run() async throws {
      guard output.hasSuffix(".safetensors") else {
        throw ValidationError("the output must end in .safetensors")
      }
      let weights: PretrainedWeights
      do { weights = try PretrainedWeights(contentsOf: input) } catch { throw CLIError("\(input): \(error)") }
      try weights.write(to: output, calibration: weights.calibration)
      print(
        "\(output): \(weights.architecture.modelName), \(weights.classCount) classes, \(weights.inputSize)")
    }
  }

  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Brings published weights here and checks them.",
      discussion: "Looks in weights/, $YOLOX_WEIGHTS_DIR and ../shared/weights before it downloads.")

    @Argument(help: "For example yolox-nano; see 'yolox weights list'.") var name: String

    func run() async throws {
      let fetched = try await WeightsLocation.store().fetch(name) { received, total in
        var bar = ProgressBar(label: "kB", total: (total ?? received) / 1000)
        bar.show(received / 1000)
      }
      ProgressBar(label: "", total: 0).finish()
      switch fetched.origin {
      case .alreadyThere: print("\(fetched.path) is there already")
      case .copied(let source): print("\(fetched.path) copied from \(source)")
      case .downloaded(let url): print("\(fetched.path) downloaded from \(url)")
      }
      let verdict = fetched.isVerified ? "as expected" : "nothing was there to compare it with"
      print("\(fetched.bytes) bytes, sha256 \(fetched.sha256), \(verdict)")
    }
  }
}
