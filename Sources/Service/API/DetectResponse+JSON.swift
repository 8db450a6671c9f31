import YOLOX

/// `{"image": …, "model": …, "detections": […], "timing_ms": …}`, or `{"results": […]}` with one such object, or
/// `{"error": …}`, for each image.
extension DetectResponse: Encodable {
  private enum ListKeys: CodingKey { case results }
  private enum ErrorKeys: CodingKey { case error }
  private enum ModelKeys: CodingKey { case name, input }
  private enum Keys: String, CodingKey {
    case image, model, detections
    case timing = "timing_ms"
  }
  private enum TimingKeys: CodingKey { case decode, preprocess, queue, inference, postprocess, total }

  func encode(to encoder: any Encoder) throws {
    guard isList else {
      if let result = results.first { try encode(result, to: encoder) }
      return
    }
    var container = encoder.container(keyedBy: ListKeys.self)
    var list = container.nestedUnkeyedContainer(forKey: .results)
    for result in results { try encode(result, to: list.superEncoder()) }
  }

  private func encode(_ result: Result<ImageResult, Problem>, to encoder: any Encoder) throws {
    switch result {
    case .success(let result): try encode(result, to: encoder)
    case .failure(let problem):
      var container = encoder.container(keyedBy: ErrorKeys.self)
      try container.encode(problem, forKey: .error)
    }
  }

  private func encode(_ result: ImageResult, to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(ImageSize(width: result.width, height: result.height), forKey: .image)
    var model = container.nestedContainer(keyedBy: ModelKeys.self, forKey: .model)
    try model.encode(self.model.name, forKey: .name)
    try model.encode(ImageSize(width: result.inputWidth, height: result.inputHeight), forKey: .input)
    try container.encode(
      result.detections.map { LabelledDetection($0, labels: self.model.labels) }, forKey: .detections)
    var timing = container.nestedContainer(keyedBy: TimingKeys.self, forKey: .timing)
    let timings = result.timings
    try timing.encode(timings.decode.roundedMilliseconds, forKey: .decode)
    try timing.encode(timings.preprocess.roundedMilliseconds, forKey: .preprocess)
    try timing.encode(timings.queue.roundedMilliseconds, forKey: .queue)
    try timing.encode(timings.inference.roundedMilliseconds, forKey: .inference)
    try timing.encode(timings.postprocess.roundedMilliseconds, forKey: .postprocess)
    try timing.encode(duration.roundedMilliseconds, forKey: .total)
  }
}
