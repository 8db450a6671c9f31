import CoreMetrics
import Metrics
import PrometheusMetrics

/// The metrics of `--keep`; absent without it.
struct KeepMetrics: Sendable {
  enum DropReason: String, CaseIterable {
    case queueFull = "queue_full"
    case unwritable
    case tooLarge = "too_large"
  }

  enum RemovalReason: String, CaseIterable { case size, age }

  private let registry: PrometheusRegistry
  private let drops: [DropReason: Counter]
  private let removals: [RemovalReason: Counter]
  private let images: Meter
  private let bytes: Meter
  private let paused: Meter

  init(_ metrics: ServiceMetrics) {
    let registry = metrics.registry
    func counter(_ label: String, _ reason: String) -> Counter {
      Counter(label: label, dimensions: [("reason", reason)], factory: registry)
    }
    self.registry = registry
    drops = Dictionary(
      uniqueKeysWithValues: DropReason.allCases.map {
        ($0, counter("yolox_keep_dropped_total", $0.rawValue))
      })
    removals = Dictionary(
      uniqueKeysWithValues: RemovalReason.allCases.map {
        ($0, counter("yolox_keep_removed_total", $0.rawValue))
      })
    images = Meter(label: "yolox_kept_images", factory: registry)
    bytes = Meter(label: "yolox_kept_bytes", factory: registry)
    paused = Meter(label: "yolox_keep_paused", factory: registry)
    paused.set(0)
  }

  func kept(model: String) {
    Counter(label: "yolox_kept_total", dimensions: [("model", model)], factory: registry).increment()
  }

  func dropped(_ reason: DropReason) { drops[reason]?.increment() }

  func removed(_ count: Int, _ reason: RemovalReason) {
    if count > 0 { removals[reason]?.increment(by: count) }
  }

  func set(images count: Int, bytes size: Int) {
    images.set(count)
    bytes.set(size)
  }

  func setPaused(_ isPaused: Bool) { paused.set(isPaused ? 1 : 0) }

  static let descriptions: [String: PrometheusRegistry.Description] = [
    "yolox_kept_total": .init("Images kept for relabelling, by model."),
    "yolox_keep_dropped_total": .init("Images selected for relabelling and not kept, by reason."),
    "yolox_keep_removed_total": .init("Kept images removed, by reason."),
    "yolox_kept_images": .init("Images in the folder of --keep."),
    "yolox_kept_bytes": .init("Bytes of the folder of --keep."),
    "yolox_keep_paused": .init("1 while the folder of --keep cannot be written."),
  ]
}
