import CoreMetrics
import Engine
import FoundationCompatibility
import Metrics
import PrometheusMetrics
import YOLOX

/// The metrics of one model.
package struct ModelMetrics: Sendable {
  let labels: [String]
  private let detections: [Counter]
  private let queueDepth: Meter
  private let queueLimit: Meter
  private let queueWait: Timer
  private let stages: [StageTimings.Stage: Timer]
  private let batchSize: Recorder
  private let accumulator = ModelTotalsAccumulator()

  var totals: ModelTotals { accumulator.value }

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
    // The queue has a series of its own.
    let stages = StageTimings.Stage.allCases.filter { $0 != .queue }
    self.stages = Dictionary(
      uniqueKeysWithValues: stages.map {
        let dimensions = [name, ("stage", $0.rawValue)]
        return ($0, Timer(label: "yolox_stage_seconds", dimensions: dimensions, factory: registry))
      })
  }

  func setQueueDepth(_ count: Int) { queueDepth.set(count) }

  func setQueueLimit(_ limit: Int) { queueLimit.set(limit) }

  func batchStarted(size: Int, queueDepth: Int) {
    batchSize.record(size)
    accumulator.add { $0.batches += 1 }
    self.queueDepth.set(queueDepth)
  }

  func imageSucceeded(_ timings: StageTimings, _ detections: [Detection]) {
    queueWait.record(duration: timings.queue)
    for (stage, timer) in stages { timer.record(duration: timings[stage]) }
    for detection in detections { self.detections[detection.classID].increment() }
    accumulator.add {
      $0.images += 1
      $0.lastInference = Int(Date().timeIntervalSince1970 * 1000)
      $0.queue += timings.queue
      $0.preparation += timings.decode + timings.preprocess
      $0.inference += timings.inference
      $0.postprocess += timings.postprocess
    }
  }

  func imageFailed() { accumulator.add { $0.failures += 1 } }
}
