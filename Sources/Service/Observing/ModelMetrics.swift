import CoreMetrics
import Engine
import Metrics
import PrometheusMetrics
import Synchronization
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What is counted for each model.
package struct ModelMetrics: Sendable {
  let labels: [String]
  private let detections: [Counter]
  private let queueDepth: Meter
  private let queueLimit: Meter
  private let queueWait: Timer
  private let stages: [Stage: Timer]
  private let batchSize: Recorder
  private let sums = ModelSums()

  /// What has been counted so far.
  var totals: ModelTotals { sums.value }

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
    queueLimit = Meter(label: "yolox_queue_limit", dimensions: [name], factory: registry)
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

  func limited(to limit: Int) { queueLimit.set(limit) }

  func ran(batch: Int, waiting: Int) {
    batchSize.record(batch)
    sums.add { $0.runs += 1 }
    queueDepth.set(waiting)
  }

  func answered(_ picture: PreparedPicture, _ result: DetectionQueueResult) {
    queueWait.record(duration: result.queued)
    stages[.decode]?.record(duration: picture.decoding)
    stages[.preprocess]?.record(duration: picture.preprocessing)
    stages[.inference]?.record(duration: result.outcome.inference)
    stages[.postprocess]?.record(duration: result.outcome.postprocess)
    for detection in result.outcome.detections { detections[detection.classID].increment() }
    sums.add {
      $0.pictures += 1
      $0.lastInference = Int(Date().timeIntervalSince1970 * 1000)
      $0.queued += result.queued
      $0.prepared += picture.decoding + picture.preprocessing
      $0.inference += result.outcome.inference
      $0.postprocess += result.outcome.postprocess
    }
  }

  /// A picture that was not looked at.
  func failed() { sums.add { $0.failures += 1 } }
}

/// Sums since the service began, of all pictures that a model was asked to look at.
struct ModelTotals: Sendable {
  /// That were looked at.
  var pictures = 0
  /// That were not.
  var failures = 0
  /// Of the network.
  var runs = 0
  /// Milliseconds since 1970; 0 if there was none.
  var lastInference = 0
  var queued = Duration.zero
  var prepared = Duration.zero
  var inference = Duration.zero
  var postprocess = Duration.zero
}

private final class ModelSums: Sendable {
  private let totals = Mutex(ModelTotals())

  var value: ModelTotals { totals.withLock(\.self) }

  func add(_ change: (inout ModelTotals) -> Void) { totals.withLock { change(&$0) } }
}
