#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Sockets that a service manager has opened for us (sd_listen_fds(3)): they are there before the process is, so that no
/// connection is refused while it starts or is replaced.
package enum SocketActivation {
  /// The first of them; the rest follow without a gap.
  private static let firstDescriptor: Int32 = 3

  /// The descriptors meant for this process. A child must not take them for its own, so the variables are removed.
  package static func takeDescriptors() -> [Int32] {
    func variable(_ name: String) -> String? {
      defer { unsetenv(name) }
      return getenv(name).map { String(cString: $0) }
    }
    return descriptors(count: variable("LISTEN_FDS"), process: variable("LISTEN_PID"), ourselves: getpid())
  }

  /// - Parameters:
  ///   - count: LISTEN_FDS.
  ///   - process: LISTEN_PID, the process that they are for.
  package static func descriptors(count: String?, process: String?, ourselves: Int32) -> [Int32] {
    guard let process = process.flatMap({ Int32($0) }), process == ourselves,
      let count = count.flatMap({ Int32($0) }), (1...64).contains(count)
    else { return [] }
    return (0..<count).map { firstDescriptor + $0 }
  }
}
