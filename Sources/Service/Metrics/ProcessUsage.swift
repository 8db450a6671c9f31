import FoundationCompatibility
import PlatformC

/// The process's resource usage as the operating system reports it. `nil` except on Linux.
package struct ProcessUsage {
  let processorSeconds: Double
  package let residentBytes: Int
  let openFiles: Int
  /// The soft limit of open files.
  let maxOpenFiles: Int

  /// Reads /proc/self (man 5 proc).
  package init?() {
    #if os(Linux)
      guard let memory = ProcessUsage.fields("/proc/self/statm"), memory.count > 1,
        let pages = Int(memory[1]),
        let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
      else { return nil }
      var usage = rusage()
      guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
      func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
      var descriptors = rlimit()
      guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors) == 0 else { return nil }
      maxOpenFiles = Int(clamping: descriptors.rlim_cur)
      processorSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
      residentBytes = pages * sysconf(Int32(_SC_PAGESIZE))
      openFiles = files.count
    #else
      return nil
    #endif
  }

  private static func fields(_ path: String) -> [Substring]? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return text.split(separator: " ")
  }
}
