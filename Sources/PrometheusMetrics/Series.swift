import CoreMetrics
import Synchronization

/// The values of one metric for one set of labels.
protocol Series: AnyObject, Sendable {
  var kind: String { get }
  var samples: [Sample] { get }
}

struct Sample {
  var suffix = ""
  /// A label in addition to those of the series, such as `le="0.1"`.
  var label = ""
  let value: Double
}

final class CounterSeries: Series, CounterHandler {
  private let value = Atomic<Int64>(0)

  let kind = "counter"
  var samples: [Sample] { [Sample(value: Double(value.load(ordering: .relaxed)))] }

  func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { value.store(0, ordering: .relaxed) }
}

final class FloatingPointCounterSeries: Series, FloatingPointCounterHandler {
  private let value = Mutex<Double>(0)

  let kind = "counter"
  var samples: [Sample] { [Sample(value: value.withLock(\.self))] }

  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func reset() { value.withLock { $0 = 0 } }
}

final class GaugeSeries: Series, MeterHandler, RecorderHandler {
  private let value = Mutex<Double>(0)

  let kind = "gauge"
  var samples: [Sample] { [Sample(value: value.withLock(\.self))] }

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { self.value.withLock { $0 = value } }
  func increment(by amount: Double) { value.withLock { $0 += amount } }
  func decrement(by amount: Double) { value.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
}

final class HistogramSeries: Series, RecorderHandler, TimerHandler {
  private struct Counts {
    var inBucket: [Int]
    var sum = 0.0
    var total = 0
  }

  private let buckets: [Double]
  private let counts: Mutex<Counts>

  let kind = "histogram"

  init(buckets: [Double]) {
    self.buckets = buckets
    counts = Mutex(Counts(inBucket: [Int](repeating: 0, count: buckets.count)))
  }

  var samples: [Sample] {
    let counts = counts.withLock(\.self)
    var below = 0
    var samples = zip(buckets, counts.inBucket).map { end, count in
      below += count
      return Sample(suffix: "_bucket", label: "le=\"\(end)\"", value: Double(below))
    }
    samples.append(Sample(suffix: "_bucket", label: #"le="+Inf""#, value: Double(counts.total)))
    samples.append(Sample(suffix: "_sum", value: counts.sum))
    samples.append(Sample(suffix: "_count", value: Double(counts.total)))
    return samples
  }

  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    let bucket = buckets.firstIndex { value <= $0 }
    counts.withLock { counts in
      if let bucket { counts.inBucket[bucket] += 1 }
      counts.sum += value
      counts.total += 1
    }
  }

  /// Prometheus uses seconds.
  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
