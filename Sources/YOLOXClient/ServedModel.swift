/// A model that a service has. All but its name and state is known only while it is loaded.
public struct ServedModel: Decodable, Hashable, Sendable {
  public enum State: String, Decodable, Sendable {
    case loaded, unloaded
  }

  public let name: String
  public let state: State
  /// `nano`, `tiny`, `s`, ..., or `custom`.
  public let variant: String?
  public let input: PixelSize?
  /// Labels by class index.
  public let classes: [String]?
  /// How many numbers it has learnt.
  public let parameters: Int?
  /// Of the file that the weights came from.
  public let sha256: String?
  /// `fp32`, `bf16` or `int8`.
  public let precision: String?
  /// The most pictures that are taken in at a time.
  public let queueLimit: Int?
  public let memoryBytes: Int?

  private enum CodingKeys: String, CodingKey {
    case name, state, variant, input, classes, parameters, sha256, precision
    case queueLimit = "queue_limit"
    case memoryBytes = "memory_bytes"
  }
}

struct ServedModelList: Decodable {
  let models: [ServedModel]
}
