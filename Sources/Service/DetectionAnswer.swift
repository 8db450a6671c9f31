import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// What was found in a picture, on its way to the client.
struct DetectionAnswer: Sendable {
  let model: Model
  let picture: PreparedPicture
  let result: DetectionResult
  /// When the request's handling began.
  let start: ContinuousClock.Instant

  private var detections: [Detection] { result.outcome.detections }

  func response(as representation: Representation) throws(ImageError) -> Response {
    let body: [UInt8] =
      switch representation {
      case .json: encodeJSON(document)
      case .csv: Array(table.utf8)
      case .jpeg: try drawn().encoded(as: .jpeg)
      case .png: try drawn().encoded(as: .png)
      }
    return Response(
      .ok, fields: [.contentType: representation.rawValue, .serverTiming: serverTiming], body: body)
  }

  private var document: DetectResponse {
    let letterbox = picture.image.letterbox
    return DetectResponse(
      model: .init(
        name: model.name, input: PictureSize(width: model.inputSize.width, height: model.inputSize.height)),
      image: PictureSize(width: letterbox.imageWidth, height: letterbox.imageHeight),
      detections: detections.map { LabelledDetection($0, labels: model.labels) },
      timing: .init(
        decode: picture.decoding.roundedMilliseconds, preprocess: picture.preprocessing.roundedMilliseconds,
        queue: result.queued.roundedMilliseconds, inference: result.outcome.inference.roundedMilliseconds,
        postprocess: result.outcome.postprocess.roundedMilliseconds,
        total: start.duration(to: .now).roundedMilliseconds))
  }

  /// RFC 4180, a line for each detection.
  private var table: String {
    let rows = detections.map { LabelledDetection($0, labels: model.labels) }.map { row in
      let label =
        row.label.contains { ",\"\r\n".contains($0) }
        ? "\"" + row.label.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
          + "\""
        : row.label
      return "\(row.classID),\(label),\(row.score),\(row.box.x1),\(row.box.y1),\(row.box.x2),\(row.box.y2)"
    }
    return (["class_id,label,score,x1,y1,x2,y2"] + rows).joined(separator: "\r\n") + "\r\n"
  }

  private func drawn() -> Image {
    guard var image = picture.picture else { return Image(width: 1, height: 1) }
    image.draw(detections, labels: model.labels)
    return image
  }

  /// W3C Server Timing: what browsers show beside a request.
  private var serverTiming: String {
    [
      ("decode", picture.decoding), ("preprocess", picture.preprocessing), ("queue", result.queued),
      ("inference", result.outcome.inference), ("postprocess", result.outcome.postprocess),
    ].map { "\($0.0);dur=\($0.1.roundedMilliseconds)" }.joined(separator: ", ")
  }
}

extension HTTPField.Name {
  static let serverTiming = HTTPField.Name("Server-Timing")!  // a token, as the type asks
}
