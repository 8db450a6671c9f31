import CKernels

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Number of processors available to this process: its affinity mask, limited by the container's quota.
package func availableProcessors() -> Int {
  let allowed = Int(yx_allowed_processors())
  let quota = contents(of: "/sys/fs/cgroup/cpu.max").flatMap(processors(ofQuota:)) ?? allowed
  return max(1, min(allowed, quota))
}

/// Reads cgroup v2's `cpu.max`: microseconds of processor time in each period, or `max`. Rounded up: with one and a
/// half processors, two threads are better than one.
package func processors(ofQuota text: String) -> Int? {
  let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
  guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else {
    return nil
  }
  return (quota + period - 1) / period
}

private func contents(of path: String) -> String? {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var buffer = [UInt8](repeating: 0, count: 128)
  let count = read(file, &buffer, buffer.count)
  return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
}
