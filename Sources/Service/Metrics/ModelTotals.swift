import Synchronization

/// Sums over all images of a model since the service started.
struct ModelTotals: Sendable {
  /// Images with a result.
  var images = 0
  /// Images without one.
  var failures = 0
  /// Runs of the network.
  var batches = 0
  /// Milliseconds since 1970; 0 before the first.
  var lastInference = 0
  var queue = Duration.zero
  /// Decoding and letterboxing.
  var preparation = Duration.zero
  var inference = Duration.zero
  var postprocess = Duration.zero
}

final class ModelTotalsAccumulator: Sendable {
  private let totals = Mutex(ModelTotals())

  var value: ModelTotals { totals.withLock(\.self) }

  func add(_ change: (inout ModelTotals) -> Void) { totals.withLock { change(&$0) } }
}
