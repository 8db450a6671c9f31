import CoreMetrics
import PrometheusMetrics
import Testing

@Suite("The Prometheus registry")
struct PrometheusRegistryTests {
  private let registry = PrometheusRegistry(descriptions: [
    "requests_total": .init("Requests."), "wait_seconds": .init("Waiting.", buckets: [0.1, 1]),
  ])

  @Test("writes counters, gauges and histograms in Prometheus' text format")
  func exposition() {
    let ok = registry.makeCounter(
      label: "requests_total", dimensions: [("route", "/detect"), ("status", "200")])
    ok.increment(by: 2)
    registry.makeCounter(label: "requests_total", dimensions: [("route", "/detect"), ("status", "200")])
      .increment(by: 1)
    registry.makeMeter(label: "open_connections", dimensions: []).set(7.0)
    let timer = registry.makeTimer(label: "wait_seconds", dimensions: [])
    for nanoseconds in [50_000_000, 100_000_000, 500_000_000, 3_000_000_000] as [Int64] {
      timer.recordNanoseconds(nanoseconds)
    }
    #expect(
      registry.text == """
        # TYPE open_connections gauge
        open_connections 7
        # HELP requests_total Requests.
        # TYPE requests_total counter
        requests_total{route="/detect",status="200"} 3
        # HELP wait_seconds Waiting.
        # TYPE wait_seconds histogram
        wait_seconds_bucket{le="0.1"} 2
        wait_seconds_bucket{le="1.0"} 3
        wait_seconds_bucket{le="+Inf"} 4
        wait_seconds_sum 3.65
        wait_seconds_count 4

        """)
  }

  @Test("escapes label values")
  func escaping() {
    registry.makeCounter(label: "a_total", dimensions: [("x", "a\"b\\c\nd")]).increment(by: 1)
    #expect(registry.text.contains(#"a_total{x="a\"b\\c\nd"} 1"#))
  }
}
