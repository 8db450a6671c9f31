/// Times of `yolox bench`.
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
  /// From the start of loading to the end of the first run.
  let firstResultMilliseconds: Double
  /// Operations of direct convolution per second. Winograd needs fewer, so this can exceed the peak.
  let gigaflops: Double
  /// Measured peak of the processor's multiply-add instructions in this precision, times the threads.
  let peakGigaflops: Double
  let residentMegabytes: Double

  /// Why a rate above the peak is no error.
  private var remark: String {
    gigaflops > peakGigaflops
      ? " (operations of direct convolution; Winograd's needs fewer, so the peak can be exceeded)" : ""
  }

  var json: String { get throws { try jsonText(of: self) } }

  var description: String {
    """
    \(model) \(input), \(precision), batch \(batch), \(threads) threads, \(instructionSet): \
    median \(medianMilliseconds.text(decimals: 2)) ms, fastest \(fastestMilliseconds.text(decimals: 2)) ms \
    of \(runs) runs, \(gigaflops.text(decimals: 0)) of \(peakGigaflops.text(decimals: 0)) GFLOP/s\(remark); \
    first result after \(firstResultMilliseconds.text(decimals: 0)) ms, \(residentMegabytes.text(decimals: 0)) MB
    """
  }
}
