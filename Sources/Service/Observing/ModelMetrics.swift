import CoreMetrics
import Engine
import Metrics
import PrometheusMetrics
import YOLOX

/// What is counted for each model.
package struct ModelMetrics: Sendable {
  let labels: [String]
  private let detections: [Counter]
  private let queueDepth: Meter
  private let queueWait: Timer
  private let stages: [Stage: Timer]
  private let batchSize: Recorder

  enum Stage: String, CaseIterable {
    case decode, preprocess, inference, postprocess
  }

  init(_ model: Model, registry: PrometheusRegistry) {
    let name = ("model", model.name)
    labels = model.labels
    detections = model.labels.map {
      Counter(label: "yolox_detections_total", dimensions: [name, ("class", $0)], factory: registry)
    }
    queueDepth = Meter(label: "yolox_queue_depth", dimensions: [name], factory: registry)
    queueWait = Timer(label: "yolox_queue_wait_seconds", dimensions: [name], factory: registry)
    batchSize = Recorder(
      label: "yolox_batch_size", dimensions: [name], aggregate: true, factory: registry)
    stages = Dictionary(
      uniqueKeysWithValues: Stage.allCases.map {
        let dimensions = [name, ("stage", $0.rawValue)]
        return ($0, Timer(label: "yolox_stage_seconds", dimensions: dimensions, factory: registry))
      })
    let info = [
      name, ("kernels", model.plan.instructionSet), ("precision", model.plan.precision.rawValue),
      ("input", "\(model.inputSize)"),
    ]
    Meter(label: "yolox_model_info", dimensions: info, factory: registry).set(1)
  }

  func waiting(_ count: Int) { queueDepth.set(count) }

  func ran(batch: Int, waiting: Int) {
    batchSize.record(batch)
    queueDepth.set(waiting)
  }

  func answered(_ picture: PreparedPicture, _ result: DetectionResult) {
    queueWait.record(duration: result.queued)
    stages[.decode]?.record(duration: picture.decoding)
    stages[.preprocess]?.record(duration: picture.preprocessing)
    stages[.inference]?.record(duration: result.outcome.inference)
    stages[.postprocess]?.record(duration: result.outcome.postprocess)
    for detection in result.outcome.detections { detections[detection.classID].increment() }
  }
}
