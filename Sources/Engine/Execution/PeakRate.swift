import CKernels

extension Plan {
  /// Peak rate of one thread with the plan's instruction set and precision, in billions of multiplications and additions
  /// per second: the fastest of a few loops of some milliseconds that only multiply and add.
  package func measuredPeakGigaflops() -> Double {
    let loop =
      switch precision {
      case .float32: peak.float32
      case .bfloat16: peak.bfloat16
      case .int8: peak.int8
      }
    guard let loop else { return 0 }
    var best = 0.0
    for _ in 0..<12 {
      let start = ContinuousClock.now
      let products = loop(500_000)
      best = max(best, 2 * Double(products) / start.duration(to: .now).seconds / 1e9)
    }
    return best
  }
}
