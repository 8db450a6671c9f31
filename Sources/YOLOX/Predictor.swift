import Engine
import Imaging

/// Runs a ``Model`` on prepared images and decodes boxes. Owns the memory of a run, so it serves one caller at a time.
package struct Predictor: ~Copyable {
  package let model: Model
  /// Maximum number of images in one run.
  let capacity: Int
  private var executor: Executor

  /// - Parameters:
  ///   - capacity: maximum number of images in one run.
  ///   - pool: the threads that share the work of a run.
  package init(_ model: Model, capacity: Int = 1, pool: WorkerPool) {
    self.model = model
    self.capacity = capacity
    executor = Executor(model.plan, capacity: capacity, pool: pool)
  }

  /// Finds the objects in each image.
  ///
  /// - Parameter requests: at most `capacity` prepared images, each with its own options.
  /// - Returns: a prediction for each, independent of the other images of the run.
  package mutating func detect(_ requests: [(image: PreparedImage, options: DetectionOptions)])
    -> [Prediction]
  {
    var predictions = [Prediction?](repeating: nil, count: requests.count)
    var rest = Array(requests.indices)
    while let first = rest.first {
      let group = rest.filter { requests[$0].image.hasInputSize(of: requests[first].image) }
      rest.removeAll { requests[$0].image.hasInputSize(of: requests[first].image) }
      executor.use(requests[first].image.plan)
      for (index, prediction) in zip(group, run(group.map { requests[$0] })) {
        predictions[index] = prediction
      }
    }
    return predictions.compactMap(\.self)
  }

  /// - Parameter requests: images of the size of the executor's plan.
  private mutating func run(_ requests: [(image: PreparedImage, options: DetectionOptions)]) -> [Prediction] {
    let start = ContinuousClock.now
    // Class scores are computed only where objectness reaches the lowest threshold of the requests.
    let maskThreshold =
      requests.contains(where: \.options.keepsPredictions)
      ? nil
      : requests.map { request in
        min(request.options.objectnessThreshold, request.options.unfiltered?.objectnessThreshold ?? .infinity)
      }.min()
    executor.run(requests.map(\.image.pixels), maskThreshold: maskThreshold)
    let inference = start.duration(to: .now)
    return requests.indices.map { index in
      let (image, options) = requests[index]
      let start = ContinuousClock.now
      let letterbox = image.letterbox
      func decoded(_ options: DetectionOptions) -> [Detection] {
        decode(index, options).map { detection in
          var detection = detection
          detection.box = letterbox.toImage(detection.box)
          return detection
        }
      }
      let predictions =
        options.keepsPredictions ? executor.predictions(model.architecture, image: index) : nil
      return Prediction(
        detections: options.filtered(
          decoded(options), width: letterbox.imageWidth, height: letterbox.imageHeight),
        unfiltered: options.unfiltered.map(decoded) ?? [], inference: inference,
        postprocess: start.duration(to: .now),
        predictions: predictions)
    }
  }

  package mutating func detect(_ image: Image, options: DetectionOptions = DetectionOptions()) -> [Detection]
  {
    detect([(model.prepare(image), options)])[0].detections
  }

  package mutating func detect(
    _ image: EncodedImage, options: DetectionOptions = DetectionOptions()
  ) throws(ImageError) -> [Detection] {
    detect([(try model.prepare(image), options)])[0].detections
  }

  private func decode(_ image: Int, _ options: DetectionOptions) -> [Detection] {
    var decoder = BoxDecoder(options)
    let objectnessOutput = model.architecture.objectness
    for (level, stride) in model.architecture.outputStrides.enumerated() {
      executor.withOutput(HeadOutput.box.name(level: level), image: image) { box, boxLayout in
        executor.withOutput(objectnessOutput.name(level: level), image: image) { objectness, layout in
          executor.withOutput(HeadOutput.classes.name(level: level), image: image) { classes, classLayout in
            decoder.decode(
              stride: stride, box: box, at: boxLayout, objectness: objectness, at: layout, classes: classes,
              at: classLayout)
          }
        }
      }
    }
    var options = options
    if options.filter != nil { options.maxDetections = .max }
    if model.architecture.head == .nmsFree { return decoder.best(options.maxDetections) }
    return decoder.suppressed(options)
  }
}

extension Letterbox {
  /// From pixels of the network's input to pixels of the image, clipped to it.
  fileprivate func toImage(_ box: Box) -> Box {
    let (x1, y1, x2, y2) = toImage(x1: box.x1, y1: box.y1, x2: box.x2, y2: box.y2)
    return Box(x1: x1, y1: y1, x2: x2, y2: y2)
  }
}
