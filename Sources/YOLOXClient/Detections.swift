/// What was found in one picture.
public struct Detections: Decodable, Hashable, Sendable {
  /// The network that looked.
  public struct Model: Decodable, Hashable, Sendable {
    public let name: String
    /// What the picture was scaled to.
    public let input: PixelSize
  }

  /// How long the service took for each part. A run of the network is shared by all pictures in it.
  public struct Timing: Hashable, Sendable {
    public let decode: Duration
    public let preprocess: Duration
    public let queue: Duration
    public let inference: Duration
    public let postprocess: Duration
    public let total: Duration
  }

  public let model: Model
  /// Of the picture, turned as its EXIF data says.
  public let image: PixelSize
  /// By falling score.
  public let detections: [Detection]
  public let timing: Timing

  private enum CodingKeys: String, CodingKey {
    case model, image, detections
    case timing = "timing_ms"
  }
}

/// An object in a picture.
public struct Detection: Decodable, Hashable, Sendable {
  /// The index of the class among the model's.
  public let classID: Int
  public let label: String
  /// 0...1
  public let score: Double
  public let box: Box

  private enum CodingKeys: String, CodingKey {
    case classID = "class_id"
    case label, score, box
  }
}

/// Corners in pixels of the picture; x from the left, y from the top.
public struct Box: Decodable, Hashable, Sendable {
  public let x1: Double
  public let y1: Double
  public let x2: Double
  public let y2: Double

  public var width: Double { x2 - x1 }
  public var height: Double { y2 - y1 }
}

public struct PixelSize: Decodable, Hashable, Sendable {
  public let width: Int
  public let height: Int
}

extension Detections.Timing: Decodable {
  private enum CodingKeys: CodingKey { case decode, preprocess, queue, inference, postprocess, total }

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

/// The answer to several pictures.
struct DetectionResults: Decodable {
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
