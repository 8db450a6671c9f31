import Engine
import YOLOX

/// The answer to one picture, in JSON.
package struct DetectResponse: Encodable, Sendable {
  package struct ModelName: Encodable, Sendable {
    let name: String
    let input: PictureSize
  }

  /// In milliseconds.
  package struct Timing: Encodable, Sendable {
    let decode: Double
    let preprocess: Double
    let queue: Double
    let inference: Double
    let postprocess: Double
    let total: Double
  }

  let model: ModelName
  let image: PictureSize
  let detections: [LabelledDetection]
  let timing: Timing

  enum CodingKeys: String, CodingKey {
    case model, image, detections
    case timing = "timing_ms"
  }

  /// The answer to several pictures, in their order.
  struct List: Encodable {
    let results: [Entry]
  }

  /// What was found in a picture, or `{"error": ...}` with the problem that it had.
  enum Entry: Encodable {
    case found(DetectResponse)
    case failed(Problem)

    private enum CodingKeys: CodingKey { case error }

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .found(let response): try response.encode(to: encoder)
      case .failed(let problem):
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(problem, forKey: .error)
      }
    }
  }
}

extension Duration {
  /// With three digits after the point: microseconds are as fine as anybody wants.
  var roundedMilliseconds: Double { (seconds * 1e6).rounded() / 1e3 }
}
