import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

/// A picture and what was found in it.
struct ImageResult: Sendable {
  let prepared: PreparedPicture
  let result: DetectionQueueResult

  var detections: [Detection] { result.outcome.detections }
}

/// What was found, on its way to the client.
struct DetectionAnswer: Sendable {
  let model: Model
  let pictures: [Result<ImageResult, Problem>]
  let isList: Bool
  /// When the request's handling began.
  let start: ContinuousClock.Instant

  func response(as representation: Representation) throws(ImageError) -> Response {
    let body: [UInt8] =
      switch representation {
      case .json: json
      case .csv: Array(table.utf8)
      case .jpeg: try drawn().encoded(as: .jpeg)
      case .png: try drawn().encoded(as: .png)
      }
    return Response(
      .ok, fields: [.contentType: representation.rawValue, .serverTiming: serverTiming], body: body)
  }

  // MARK: JSON

  private var json: [UInt8] {
    let entries = pictures.map { picture -> DetectResponse.Entry in
      switch picture {
      case .success(let seen): .found(document(seen))
      case .failure(let problem): .failed(problem)
      }
    }
    return isList ? encodeJSON(DetectResponse.List(results: entries)) : encodeJSON(entries[0])
  }

  private func document(_ seen: ImageResult) -> DetectResponse {
    let (prepared, result) = (seen.prepared, seen.result)
    let letterbox = prepared.image.letterbox
    return DetectResponse(
      model: .init(
        name: model.name, input: PictureSize(width: model.inputSize.width, height: model.inputSize.height)),
      image: PictureSize(width: letterbox.imageWidth, height: letterbox.imageHeight),
      detections: seen.detections.map { LabelledDetection($0, labels: model.labels) },
      timing: .init(
        decode: prepared.decoding.roundedMilliseconds, preprocess: prepared.preprocessing.roundedMilliseconds,
        queue: result.queued.roundedMilliseconds, inference: result.outcome.inference.roundedMilliseconds,
        postprocess: result.outcome.postprocess.roundedMilliseconds,
        total: start.duration(to: .now).roundedMilliseconds))
  }

  // MARK: CSV

  /// RFC 4180, a line for each detection; of several pictures each line says which. One that is bad has no lines.
  private var table: String {
    let title = "class_id,label,score,x1,y1,x2,y2"
    var lines = [isList ? "image," + title : title]
    for (index, picture) in pictures.enumerated() {
      guard case .success(let seen) = picture else { continue }
      for detection in seen.detections {
        let row = LabelledDetection(detection, labels: model.labels)
        let label = DetectionAnswer.quoted(row.label)
        let line =
          "\(row.classID),\(label),\(row.score),\(row.box.x1),\(row.box.y1),\(row.box.x2),\(row.box.y2)"
        lines.append(isList ? "\(index),\(line)" : line)
      }
    }
    return lines.joined(separator: "\r\n") + "\r\n"
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { ",\"\r\n".contains($0) }) else { return text }
    let doubled = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    return "\"\(doubled)\""
  }

  // MARK: Pictures

  private func drawn() throws(ImageError) -> Image {
    guard case .success(let seen)? = pictures.first, var image = seen.prepared.picture else { throw .empty }
    image.draw(seen.detections, labels: model.labels)
    return image
  }

  /// W3C Server Timing: what browsers show beside a request. Of several pictures, the sums.
  private var serverTiming: String {
    let seen = pictures.compactMap { try? $0.get() }
    let stages: [(String, (ImageResult) -> Duration)] = [
      ("decode", \.prepared.decoding), ("preprocess", \.prepared.preprocessing), ("queue", \.result.queued),
      ("inference", \.result.outcome.inference), ("postprocess", \.result.outcome.postprocess),
    ]
    return stages.map { name, stage in
      "\(name);dur=\(seen.map(stage).reduce(.zero, +).roundedMilliseconds)"
    }.joined(separator: ", ")
  }
}

extension HTTPField.Name {
  static let serverTiming = HTTPField.Name("Server-Timing")!  // a token, as the type asks
}
