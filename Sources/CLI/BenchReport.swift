import Service

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `yolox bench` has measured.
struct BenchReport: Encodable, CustomStringConvertible {
  let model: String
  let input: String
  let batch: Int
  let threads: Int
  let precision: String
  let instructionSet: String
  let runs: Int
  let medianMilliseconds: Double
  let fastestMilliseconds: Double
  /// From the file to the end of the first run.
  let firstResultMilliseconds: Double
  /// Products and sums of direct convolution in a second; algorithms that do with fewer may pass the peak.
  let gigaflops: Double
  /// What the processor's multiply-add instructions for this precision do at most, on as many threads.
  let peakGigaflops: Double
  let residentMegabytes: Double

  var description: String {
    """
    \(model) \(input), \(precision), batch \(batch), \(threads) threads, \(instructionSet): \
    median \(medianMilliseconds.text(decimals: 2)) ms, fastest \(fastestMilliseconds.text(decimals: 2)) ms \
    of \(runs) runs, \(gigaflops.text(decimals: 0)) of \(peakGigaflops.text(decimals: 0)) GFLOP/s; \
    first result after \(firstResultMilliseconds.text(decimals: 0)) ms, \(residentMegabytes.text(decimals: 0)) MB
    """
  }
}

/// Memory of this process that is in use.
func residentMegabytes() -> Double {
  #if os(Linux)
    ProcessUsage().map { Double($0.residentBytes) / 1_048_576 } ?? .nan
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
  #endif
}
