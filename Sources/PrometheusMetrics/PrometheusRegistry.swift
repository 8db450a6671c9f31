import CoreMetrics
import Synchronization

/// A swift-metrics backend that keeps all series in memory and writes them in Prometheus' text format:
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
///
/// Counters become counters, timers and aggregating recorders become histograms, meters and other recorders become
/// gauges.
package final class PrometheusRegistry: MetricsFactory, Sendable {
  /// The help text of a metric and, for a histogram, its buckets.
  package struct Description: Sendable {
    package let help: String
    package let buckets: [Double]

    /// - Parameter buckets: upper bounds in ascending order, without infinity. The default suits request durations in
    ///   seconds.
    package init(
      _ help: String,
      buckets: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    ) {
      self.help = help
      self.buckets = buckets
    }
  }

  private struct Key: Hashable {
    let name: String
    /// As between the braces: `route="/detect",status="200"`.
    let labels: String
  }

  private let descriptions: [String: Description]
  private let series = Mutex<[Key: any Series]>([:])

  /// - Parameter descriptions: by metric name. Other metrics have no help text.
  package init(descriptions: [String: Description]) { self.descriptions = descriptions }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    make(label, dimensions) { CounterSeries() }
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    make(label, dimensions) { FloatingPointCounterSeries() }
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool)
    -> any RecorderHandler
  {
    aggregate ? makeHistogram(label, dimensions) : make(label, dimensions) { GaugeSeries() }
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    make(label, dimensions) { GaugeSeries() }
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    makeHistogram(label, dimensions)
  }

  // Series live as long as the registry, so that counters never go back.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}

  /// Removes a gauge whose subject is gone. Counters stay.
  package func removeSeries(label: String, dimensions: [(String, String)]) {
    let key = Key(name: label, labels: PrometheusRegistry.text(of: dimensions))
    series.withLock { $0[key] = nil }
  }

  private static func text(of dimensions: [(String, String)]) -> String {
    dimensions.map { "\($0.0)=\"\(escape($0.1))\"" }.joined(separator: ",")
  }

  /// All metric families in the order of their names.
  package var text: String {
    let families = Dictionary(grouping: series.withLock { Array($0) }, by: \.key.name)
    var text = ""
    for (name, members) in families.sorted(by: { $0.key < $1.key }) {
      if let help = descriptions[name]?.help { text += "# HELP \(name) \(help)\n" }
      if let kind = members.first?.value.kind { text += "# TYPE \(name) \(kind)\n" }
      for (key, series) in members.sorted(by: { $0.key.labels < $1.key.labels }) {
        for sample in series.samples {
          let labels = [key.labels, sample.label].filter { !$0.isEmpty }.joined(separator: ",")
          text += name + sample.suffix + (labels.isEmpty ? "" : "{\(labels)}") + " \(format(sample.value))\n"
        }
      }
    }
    return text
  }

  private func makeHistogram(_ label: String, _ dimensions: [(String, String)]) -> HistogramSeries {
    let buckets = (descriptions[label] ?? Description("")).buckets
    return make(label, dimensions) { HistogramSeries(buckets: buckets) }
  }

  private func make<Made: Series>(_ label: String, _ dimensions: [(String, String)], _ new: () -> Made)
    -> Made
  {
    let key = Key(name: label, labels: PrometheusRegistry.text(of: dimensions))
    return series.withLock { series in
      if let known = series[key] as? Made { return known }
      let made = new()
      series[key] = made
      return made
    }
  }
}

/// Escapes a label value: a backslash before backslashes, quotes and line feeds.
private func escape(_ value: String) -> String {
  value.reduce(into: "") { text, character in
    switch character {
    case "\\": text += #"\\"#
    case "\"": text += #"\""#
    case "\n": text += #"\n"#
    default: text.append(character)
    }
  }
}

private func format(_ value: Double) -> String {
  if let whole = Int(exactly: value) { return "\(whole)" }
  return value == .infinity ? "+Inf" : "\(value)"
}
