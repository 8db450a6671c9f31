/// A model of the service. Everything except its name and state is known only while it is loaded.
public struct ModelInfo: Decodable, Hashable, Sendable {
  /// Whether a model is in memory.
  public enum State: String, Decodable, Sendable {
    /// The model is in memory and accepts images.
    case loaded
    /// The model is not in memory; requests for it fail with status 503.
    case unloaded
  }

  /// The name by which requests select the model.
  public let name: String
  /// Whether the model is in memory.
  public let state: State
  /// `nano`, `tiny`, `s`, ..., or `custom`.
  public let variant: String?
  /// The size to which images are scaled.
  public let input: PixelSize?
  /// Labels by class index.
  public let classes: [String]?
  /// Number of trained parameters.
  public let parameters: Int?
  /// Digest of the weights file, in hexadecimal.
  public let sha256: String?
  /// `fp32`, `bf16` or `int8`.
  public let precision: String?
  /// Maximum number of images that the service admits at a time.
  public let queueLimit: Int?
  /// Memory of weights and activations, in bytes.
  public let memoryBytes: Int?

  private enum CodingKeys: String, CodingKey {
    case name, state, variant, input, classes, parameters, sha256, precision
    case queueLimit = "queue_limit"
    case memoryBytes = "memory_bytes"
  }
}

struct ModelList: Decodable {
  let models: [ModelInfo]
}
