import Foundation

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
    "\(model) \(input), \(precision), batch \(batch), \(threads) threads, \(instructionSet): "
      + String(
        format: "median %.2f ms, fastest %.2f ms of %d runs, %.0f of %.0f GFLOP/s; ",
        medianMilliseconds, fastestMilliseconds, runs, gigaflops, peakGigaflops)
      + String(format: "first result after %.0f ms, %.0f MB", firstResultMilliseconds, residentMegabytes)
  }
}

/// Memory of this process that is in use.
func residentMegabytes() -> Double {
  #if os(Linux)
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
    else { return .nan }
    return kilobytes / 1024
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1_048_576
  #endif
}
