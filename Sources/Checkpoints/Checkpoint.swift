import Engine

/// What a file of weights holds, as named float32 tensors. Knows nothing of any network.
package struct Checkpoint: Sendable {
  package enum Format: String, Sendable {
    case onnx = "ONNX"
    case torch = "PyTorch"
    case safetensors
  }

  package let format: Format
  /// Of safetensors (`__metadata__`) and ONNX files (`metadata_props`); empty for others.
  package let metadata: [String: String]
  package let tensors: Parameters
  /// Only of ONNX files: what they compute. Their weights have no names that last.
  package let network: ExportedNetwork?

  package init(
    format: Format, metadata: [String: String] = [:], tensors: Parameters, network: ExportedNetwork? = nil
  ) {
    self.format = format
    self.metadata = metadata
    self.tensors = tensors
    self.network = network
  }

  /// Reads the file at `path`. Its format is told by its bytes, not by its name.
  package static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    try Checkpoint(FileContents.read(path), path: path, externalData: ExternalData(modelPath: path))
  }

  /// Reads `bytes`; `path` only names them in errors.
  package init(_ bytes: [UInt8], path: String) throws(CheckpointError) {
    try self.init(bytes, path: path, externalData: ExternalData(modelPath: nil))
  }

  private init(_ bytes: [UInt8], path: String, externalData: ExternalData) throws(CheckpointError) {
    if bytes.starts(with: ZipArchive.signature) {
      self = try TorchArchive.read(bytes)
    } else if Safetensors.looksLike(bytes) {
      self = try Safetensors.read(bytes)
    } else if TorchLegacyFile.looksLike(bytes) {
      self = try TorchLegacyFile.read(bytes)
    } else if let foreign = ForeignFormat(bytes) {
      throw .unusable(foreign.advice)
    } else if ONNXModel.looksLike(bytes) {
      var translation = try ONNXTranslation(ONNXModel(bytes, externalData: externalData))
      let network = try translation.network()
      self.init(format: .onnx, metadata: network.metadata, tensors: [:], network: network)
    } else {
      throw .unknownFormat(path: path, firstBytes: Array(bytes.prefix(8)))
    }
  }
}
