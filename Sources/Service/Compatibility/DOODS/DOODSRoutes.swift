import HTTPServer
import HTTPTypes
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// DOODS2's API (its api.py and doods.py) below `/doods`, because its `/detect` is another than ours. Pictures are not
/// fetched from addresses, and there are no streams.
struct DOODSRoutes: CompatibleRoutes {
  let look: DetectionPipeline

  /// What clients ask for that name no detector.
  private static let defaultName = "default"

  func owns(_ path: String) -> Bool { path.hasPrefix("/doods/") }

  /// As pydoods sends it.
  func keyPlace(_ head: RequestHead) -> APIKeyLocation { .field(.doodsAuthKey) }

  func add(to router: inout Router, _ observed: RouteInstrumentation) {
    router.on(.get, "/doods/detectors", observed.immediate("/doods/detectors", detectors))
    router.on(.post, "/doods/detect", observed.suspending("/doods/detect", detect))
  }

  func response(to problem: Problem) -> Response {
    .json(
      DOODSAnswer(detections: [], error: problem.detail), status: .init(code: problem.status),
      fields: problem.fields)
  }

  // MARK: Detectors

  /// The models that are loaded, and the first once more under the name that clients take for granted.
  private func detectors(_ request: Request) -> Response {
    let names = look.models.names
    let aliases =
      names.contains(DOODSRoutes.defaultName) ? [] : names.prefix(1).map { (DOODSRoutes.defaultName, $0) }
    let list = (aliases + names.map { ($0, $0) }).compactMap { alias, name -> DOODSDetectors.Detector? in
      guard let model = look.models.loaded(name)?.model else { return nil }
      return .init(
        name: alias, model: name, labels: model.labels, width: model.inputSize.width,
        height: model.inputSize.height)
    }
    return .json(DOODSDetectors(detectors: list))
  }

  private func detector(named name: String?) throws(Problem) -> Detector {
    guard let name, !name.isEmpty else { return try look.models.detector(named: nil) }
    let isAlias = name == DOODSRoutes.defaultName && !look.models.names.contains(name)
    return try look.models.detector(named: isAlias ? nil : name)
  }

  // MARK: Detection

  private func detect(_ request: Request) async -> Response {
    let start = ContinuousClock.now
    return await look.answer(request, problem: response(to:)) { lifetime async throws(Problem) in
      let (order, picture) = try await look.prepare(lifetime) { () throws(Problem) in try unwrap(request.body)
      }
      let detector = try detector(named: order.detectorName)
      let format = format(order.image)
      guard let lowestScore = order.lowestScore else {
        return .json(DOODSAnswer(id: order.id, detections: [], duration: 0))
      }
      let seen = try await look.look(
        at: [.success(.encoded(picture))], with: detector,
        options: DetectionOptions(scoreThreshold: lowestScore), lifetime: lifetime,
        keepsPictures: format != nil
      )[0].get()
      let found = wanted(seen, order, labels: detector.model.labels)
      var answer = DOODSAnswer(
        id: order.id, detections: found.map(\.answer), duration: start.duration(to: .now).roundedMilliseconds)
      if let format, let picture = seen.prepared.picture {
        let (drawn, labels) = (found.map(\.detection), detector.model.labels)
        answer.image = try await look.prepare(lifetime) { () throws(Problem) in
          var image = picture
          image.draw(drawn, labels: labels)
          do throws(ImageError) { return Data(try image.encoded(as: format)).base64EncodedString() } catch {
            throw Problem(error)
          }
        }
      }
      return .json(answer)
    }
  }

  private func wanted(
    _ seen: ImageResult, _ order: DOODSRequest, labels: [String]
  ) -> [(detection: Detection, answer: DOODSDetection)] {
    let size = seen.prepared.image.letterbox
    return seen.detections.compactMap { detection in
      let found = DOODSDetection(
        detection, label: labels[detection.classID], width: size.imageWidth, height: size.imageHeight)
      return order.wanted(found).map { (detection, $0) }
    }
  }

  private func unwrap(_ body: [UInt8]) throws(Problem) -> (DOODSRequest, picture: [UInt8]) {
    let order: DOODSRequest
    do { order = try JSONDecoder().decode(DOODSRequest.self, from: Data(body)) } catch {
      throw .badBody("could not parse request body")
    }
    guard (order.preprocess ?? []).isEmpty else {
      throw .badBody("pictures are not preprocessed here: \(order.preprocess ?? [])")
    }
    guard let text = order.data, let picture = Data(base64Encoded: text), !picture.isEmpty else {
      throw .noPicture("data is not a picture in base64; addresses are not fetched")
    }
    return (order, [UInt8](picture))
  }

  /// doods.py, detect_request_image_conversion; what it does not know gives no picture.
  private func format(_ name: String?) -> OutputFormat? {
    switch name {
    case "true", ".jpg", "jpg", "jpeg", "image/jpeg": .jpeg
    case ".png", "png", "image/png": .png
    default: nil
    }
  }
}

extension HTTPField.Name {
  fileprivate static let doodsAuthKey = HTTPField.Name("Doods-Auth-Key")!  // a token, as the type asks
}
