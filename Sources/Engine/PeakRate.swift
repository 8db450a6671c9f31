import CKernels

extension Precision {
  /// Multiplications and additions that one thread of this processor can do in a second, in billions: the fastest of a
  /// few loops of some milliseconds that do nothing else.
  package func measuredPeakGigaflops() -> Double {
    let factors =
      switch self {
      case .float32: YX_FLOAT_FACTORS
      case .bfloat16: YX_BFLOAT16_FACTORS
      case .int8: YX_BYTE_FACTORS
      }
    var best = 0.0
    for _ in 0..<12 {
      let start = ContinuousClock.now
      let products = yx_multiply_and_add(factors, 500_000)
      best = max(best, 2 * Double(products) / start.duration(to: .now).seconds / 1e9)
    }
    return best
  }
}
