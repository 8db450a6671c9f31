import Foundation

/// A plain socket to a server on this machine, for tests that say exactly which bytes are sent.
///
/// Reading waits on a thread of its own: the few that tasks share are needed by the server under test.
package final class RawClient: Sendable {
  private let descriptor: Int32

  package convenience init(port: Int) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port).bigEndian)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    try self.init(AF_INET, address)
  }

  /// Connects to a Unix socket.
  package convenience init(path: String) throws {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    try self.init(AF_UNIX, address)
  }

  private init(_ family: Int32, _ address: some BitwiseCopyable) throws {
    #if os(Linux)
      descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(family, SOCK_STREAM, 0)
    #endif
    let status = withUnsafeBytes(of: address) {
      connect(
        descriptor, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    guard status == 0 else { throw POSIXError(.init(rawValue: errno) ?? .ECONNREFUSED) }
    // A test that waits longer than this has found a fault: the processors are shared with tests that compute.
    var timeout = timeval(tv_sec: 900, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  package func send(_ bytes: some Collection<UInt8>) {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  package func send(_ text: String) { send(Array(text.utf8)) }

  /// No more will be sent; answers are still read.
  package func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Makes the end of this client a reset instead of an orderly close.
  package func resetAtEnd() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  /// Everything until the server ends the connection.
  package func readToEnd() async -> String {
    await onOwnThread {
      var bytes: [UInt8] = []
      while let more = self.read() { bytes += more }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Until as many answers have come, told by their status lines and lengths.
  package func readResponses(_ count: Int) async -> [RawResponse] {
    await onOwnThread {
      var bytes: [UInt8] = []
      while true {
        let responses = RawResponse.parse(bytes)
        if responses.count >= count { return responses }
        guard let more = self.read() else { return responses }
        bytes += more
      }
    }
  }

  private func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: body()) }
    }
  }

  private func read() -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var count: Int
    repeat { count = recv(descriptor, &buffer, buffer.count, 0) } while count < 0 && errno == EINTR
    return count > 0 ? Array(buffer.prefix(count)) : nil
  }
}

package struct RawResponse: Sendable {
  package let status: Int
  /// Names in small letters.
  package let fields: [String: String]
  package let bytes: [UInt8]
  package var body: String { String(decoding: bytes, as: UTF8.self) }

  static func parse(_ bytes: [UInt8]) -> [RawResponse] {
    var responses: [RawResponse] = []
    var rest = bytes[...]
    while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
      var fields: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
      }
      let length = Int(fields["content-length"] ?? "0") ?? 0
      guard rest.endIndex - end.upperBound >= length else { break }
      let status = Int(lines[0].split(separator: " ").dropFirst().first ?? "") ?? 0
      let body = rest[end.upperBound..<end.upperBound + length]
      responses.append(
        RawResponse(status: status, fields: fields, bytes: Array(body)))
      rest = rest[(end.upperBound + length)...]
    }
    return responses
  }
}
