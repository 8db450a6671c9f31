import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// The response to `/detect`.
struct DetectResponse: Sendable {
  let model: Model
  let results: [Result<ImageResult, Problem>]
  let isList: Bool
  /// From the request's last byte to the last result.
  let duration: Duration

  func encoded(as representation: Representation) throws(ImageError) -> Response {
    let body: [UInt8]
    switch representation {
    case .json: return .json(self, fields: [.serverTiming: serverTiming])
    case .csv: body = Array(csv.utf8)
    case .jpeg: body = try annotatedImage().encoded(as: .jpeg)
    case .png: body = try annotatedImage().encoded(as: .png)
    }
    return Response(
      .ok, fields: [.contentType: representation.rawValue, .serverTiming: serverTiming], body: body)
  }

  private func annotatedImage() throws(ImageError) -> Image {
    guard case .success(let result)? = results.first, var image = result.image else { throw .empty }
    image.draw(result.detections, labels: model.labels)
    return image
  }

  /// W3C Server Timing, which browsers show. Sums over all images.
  private var serverTiming: String {
    let timings = results.compactMap { try? $0.get().timings }
    return StageTimings.Stage.allCases.map { stage in
      "\(stage.rawValue);dur=\(timings.map { $0[stage] }.reduce(.zero, +).roundedMilliseconds)"
    }.joined(separator: ", ")
  }
}

extension HTTPField.Name {
  fileprivate static let serverTiming = HTTPField.Name("Server-Timing")!  // a token, as required
}
