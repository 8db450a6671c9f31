/// The objects detected in an image.
public struct Detections: Decodable, Hashable, Sendable {
  /// The model that was used.
  public struct Model: Decodable, Hashable, Sendable {
    /// Name of the model.
    public let name: String
    /// The size to which the image was scaled.
    public let input: PixelSize
  }

  /// How long each stage took in the service. Images that share a batch report the same inference time.
  public struct Timing: Hashable, Sendable {
    /// Decoding the image.
    public let decode: Duration
    /// Scaling and padding the image to the model's input.
    public let preprocess: Duration
    /// Waiting for the model.
    public let queue: Duration
    /// Running the model.
    public let inference: Duration
    /// Selecting boxes and non-maximum suppression.
    public let postprocess: Duration
    /// From the start of decoding to the end of postprocessing.
    public let total: Duration
  }

  /// The model that was used.
  public let model: Model
  /// The size of the image after its EXIF orientation is applied.
  public let image: PixelSize
  /// In descending order of their scores.
  public let detections: [Detection]
  /// How long each stage took in the service.
  public let timing: Timing

  private enum CodingKeys: String, CodingKey {
    case model, image, detections
    case timing = "timing_ms"
  }
}

/// An object detected in an image.
public struct Detection: Decodable, Hashable, Sendable {
  /// Index of the class in ``ModelInfo/classes``.
  public let classID: Int
  /// Name of the class.
  public let label: String
  /// Confidence, in 0...1.
  public let score: Double
  /// Position in the image.
  public let box: Box

  private enum CodingKeys: String, CodingKey {
    case classID = "class_id"
    case label, score, box
  }
}

/// A rectangle in pixels of the image. The origin is the upper left corner, x points right and y points down.
public struct Box: Decodable, Hashable, Sendable {
  /// Left edge.
  public let x1: Double
  /// Upper edge.
  public let y1: Double
  /// Right edge.
  public let x2: Double
  /// Lower edge.
  public let y2: Double

  /// `x2 - x1`
  public var width: Double { x2 - x1 }
  /// `y2 - y1`
  public var height: Double { y2 - y1 }
}

/// A width and a height in pixels.
public struct PixelSize: Decodable, Hashable, Sendable {
  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
}

extension Detections.Timing: Decodable {
  private enum CodingKeys: CodingKey { case decode, preprocess, queue, inference, postprocess, total }

  /// Decodes durations in milliseconds.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func duration(_ key: CodingKeys) throws -> Duration {
      .milliseconds(try container.decode(Double.self, forKey: key))
    }
    decode = try duration(.decode)
    preprocess = try duration(.preprocess)
    queue = try duration(.queue)
    inference = try duration(.inference)
    postprocess = try duration(.postprocess)
    total = try duration(.total)
  }
}

/// The response to a request with several images.
struct DetectionList: Decodable {
  struct Entry: Decodable {
    let result: Result<Detections, Problem>

    private enum CodingKeys: CodingKey { case error }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      result =
        if let problem = try container.decodeIfPresent(Problem.self, forKey: .error) {
          .failure(problem)
        } else {
          .success(try Detections(from: decoder))
        }
    }
  }

  let results: [Entry]
}
