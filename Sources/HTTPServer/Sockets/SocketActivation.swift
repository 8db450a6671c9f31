import PlatformC

/// Listening sockets that a service manager passes to this process (sd_listen_fds(3)). They exist before the process does,
/// so no connection is refused while the service starts or restarts.
package enum SocketActivation {
  /// The first inherited descriptor; the others follow without a gap.
  private static let firstDescriptor: Int32 = 3

  /// The descriptors passed to this process. Removes the environment variables so that child processes ignore them.
  package static func takeDescriptors() -> [Int32] {
    func variable(_ name: String) -> String? {
      defer { unsetenv(name) }
      return getenv(name).map { String(cString: $0) }
    }
    return descriptors(count: variable("LISTEN_FDS"), process: variable("LISTEN_PID"), processID: getpid())
  }

  /// - Parameters:
  ///   - count: LISTEN_FDS.
  ///   - process: LISTEN_PID, the ID of the process that they are for.
  package static func descriptors(count: String?, process: String?, processID: Int32) -> [Int32] {
    guard let process = process.flatMap({ Int32($0) }), process == processID,
      let count = count.flatMap({ Int32($0) }), (1...64).contains(count)
    else { return [] }
    return (0..<count).map { firstDescriptor + $0 }
  }
}
