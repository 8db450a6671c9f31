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
    let format: OutputFormat
    switch representation {
    case .json: return .json(self, fields: [.serverTiming: serverTiming()])
    case .csv:
      return Response(
        .ok, fields: [.contentType: representation.rawValue, .serverTiming: serverTiming()],
        body: Array(csv.utf8))
    case .jpeg: format = .jpeg
    case .png: format = .png
    }
    guard case .success(let result)? = results.first, let source = result.source else { throw .empty }
    let start = ContinuousClock.now
    // All pixels, which the network's input may not have needed: detections do not depend on whether they are drawn.
    var image = try source.image()
    let decoding = start.duration(to: .now)
    image.draw(result.detections, labels: model.labels)
    return Response(
      .ok,
      fields: [.contentType: representation.rawValue, .serverTiming: serverTiming(decoding: decoding)],
      body: try image.encoded(as: format))
  }

  /// W3C Server Timing, which browsers show. Sums over all images.
  ///
  /// - Parameter decoding: of pixels to draw on.
  private func serverTiming(decoding: Duration = .zero) -> String {
    var timings = results.compactMap { try? $0.get().timings }
    if !timings.isEmpty { timings[0].decode += decoding }
    return StageTimings.Stage.allCases.map { stage in
      "\(stage.rawValue);dur=\(timings.map { $0[stage] }.reduce(.zero, +).roundedMilliseconds)"
    }.joined(separator: ", ")
  }
}

extension HTTPField.Name {
  fileprivate static let serverTiming = HTTPField.Name("Server-Timing")!  // a token, as required
}
