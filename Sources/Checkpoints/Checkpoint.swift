import Engine

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a file of weights holds, as named float32 tensors. Knows nothing of any network.
package struct Checkpoint: Sendable {
  package enum Format: String, Sendable {
    case onnx = "ONNX"
    case torch = "PyTorch"
    case safetensors
  }

  /// A convolution of an ONNX graph. Exporters drop the names of fused weights; what stays is the order in which the
  /// graph runs.
  package struct Convolution: Sendable, Equatable {
    package let weight: Tensor
    package let bias: Tensor?

    package init(weight: Tensor, bias: Tensor?) {
      self.weight = weight
      self.bias = bias
    }
  }

  /// What an ONNX file says about its graph.
  package struct Graph: Sendable, Equatable {
    /// In the order in which they run.
    package let convolutions: [Convolution]
    /// Of the first input, `[N, C, H, W]`; `nil` for lengths that are left open.
    package let inputShape: [Int?]

    package init(convolutions: [Convolution], inputShape: [Int?]) {
      self.convolutions = convolutions
      self.inputShape = inputShape
    }
  }

  package let format: Format
  /// Of safetensors files; empty for others.
  package let metadata: [String: String]
  package let tensors: Parameters
  /// Only of ONNX files.
  package let graph: Graph?

  package init(
    format: Format, metadata: [String: String] = [:], tensors: Parameters, graph: Graph? = nil
  ) {
    self.format = format
    self.metadata = metadata
    self.tensors = tensors
    self.graph = graph
  }

  /// Reads the file at `path`. Its format is told by its bytes, not by its name.
  package static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    let bytes: [UInt8]
    do {
      bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    } catch {
      let exists = FileManager.default.fileExists(atPath: path)
      throw .unreadable(path: path, reason: exists ? "cannot be read" : "no such file")
    }
    return try Checkpoint(bytes, path: path)
  }

  /// Reads `bytes`; `path` only names them in errors.
  package init(_ bytes: [UInt8], path: String) throws(CheckpointError) {
    if bytes.starts(with: ZipArchive.signature) {
      self = try TorchArchive.read(bytes)
    } else if Safetensors.looksLike(bytes) {
      self = try Safetensors.read(bytes)
    } else if bytes.starts(with: [0x80]) || bytes.dropFirst(257).starts(with: Array("ustar".utf8)) {
      // A bare pickle, or a tar of them.
      throw .legacyTorch
    } else if ONNXFile.looksLike(bytes) {
      self = try ONNXFile.read(bytes)
    } else {
      throw .unknownFormat(path: path, firstBytes: Array(bytes.prefix(8)))
    }
  }
}
