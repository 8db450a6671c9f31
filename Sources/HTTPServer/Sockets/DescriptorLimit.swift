import PlatformC

/// The number of descriptors that the process may have open (RLIMIT_NOFILE).
package enum DescriptorLimit {
  /// More than any configuration needs, and allowed by every system.
  private static let ceiling: rlim_t = 65536
  #if canImport(Glibc)
    private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
  #else
    private static let resource = RLIMIT_NOFILE
  #endif

  /// The soft limit, which applies.
  package static var current: Int? {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return nil }
    return Int(clamping: limit.rlim_cur)
  }

  /// Raises the soft limit as far as the hard limit allows. Shells and service managers set 1024 for the sake of programs
  /// that use select(2).
  package static func raise() {
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < ceiling else { return }
    #if os(Linux)
      limit.rlim_cur = min(limit.rlim_max, ceiling)
    #else
      // Darwin allows at most OPEN_MAX, whatever the hard limit says.
      limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, rlim_t(OPEN_MAX)))
    #endif
    // The limit stays as it was if this fails; the server then accepts fewer connections.
    _ = setrlimit(resource, &limit)
  }
}
