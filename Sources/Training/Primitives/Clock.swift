import PlatformC

enum Clock {
  /// `h:mm:ss` below ten hours, else `h:mm`; `-` for what is not known.
  static func text(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "-" }
    let whole = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return hours < 10 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(hours):\(two(minutes))"
  }
}

enum ProcessMemory {
  /// Largest resident size of this process so far.
  static var peakMiB: Int {
    var usage = rusage()
    // RUSAGE_SELF is an enumeration in Glibc and a number elsewhere.
    getrusage(0, &usage)
    #if canImport(Darwin)
      return Int(usage.ru_maxrss) >> 20
    #else
      return Int(usage.ru_maxrss) >> 10
    #endif
  }
}
