#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Bytes of memory that this process may use: the machine's, cut to the container's limit.
package func availableMemory() -> Int {
  let (pages, pageSize) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
  let physical = pages > 0 && pageSize > 0 ? pages * pageSize : Int.max
  let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
    .compactMap { contents(of: $0).flatMap(bytes(ofLimit:)) }
  return limits.reduce(physical, min)
}

/// Reads cgroup v2's `memory.max` or v1's `memory.limit_in_bytes`: bytes, or `max`.
package func bytes(ofLimit text: String) -> Int? {
  text.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
}
