import PlatformC

/// A socket address of any family.
package struct SocketAddress {
  private var storage = sockaddr_storage()
  private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

  #if os(Linux)
    package static let streamType = Int32(SOCK_STREAM.rawValue)
    static let datagramType = Int32(SOCK_DGRAM.rawValue)
  #else
    package static let streamType = SOCK_STREAM
    static let datagramType = SOCK_DGRAM
  #endif

  /// All addresses of a host name.
  package static func resolve(host: String, port: Int) throws(SocketError) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = streamType
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    // Without a hosts file it still is the loopback address (RFC 6761, section 6.3).
    if status != 0, host.isEqualIgnoringASCIICase("localhost") {
      return try resolve(host: "127.0.0.1", port: port)
    }
    guard status == 0 else { throw .unknownHost(host, reason: String(cString: gai_strerror(status))) }
    defer { freeaddrinfo(found) }
    return sequence(first: found, next: { $0?.pointee.ai_next }).prefix { $0 != nil }
      .compactMap { $0.map { SocketAddress($0.pointee) } }
  }

  private init(_ found: addrinfo) {
    length = found.ai_addrlen
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: found.ai_addr, count: Int(found.ai_addrlen)))
    }
  }

  /// The address of a Unix socket.
  package init(path: String) throws(SocketError) {
    var address = sockaddr_un()
    let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard !path.isEmpty, path.utf8.count <= limit else { throw .pathTooLong(path, limit: limit) }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    length = socklen_t(MemoryLayout<sockaddr_un>.size)
    withUnsafeBytes(of: address) { bytes in
      withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: bytes) }
    }
  }

  /// The address of a service manager's socket: a path, or a name in Linux's abstract namespace after `@`.
  init(notifying name: String) throws(SocketError) {
    try self.init(path: name)
    guard name.hasPrefix("@") else { return }
    let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 0
    withUnsafeMutableBytes(of: &storage) { $0[offset] = 0 }
    // Abstract names are not terminated: the length counts.
    length = socklen_t(offset + name.utf8.count)
  }

  /// The address that `call`, which is `getsockname` or `getpeername`, returns for a socket.
  init?(
    of descriptor: Int32,
    _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) {
    let status = withUnsafeMutablePointer(to: &storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
    }
    guard status == 0 else { return nil }
  }

  package func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  package var family: Int32 { Int32(storage.ss_family) }

  private var isInternet: Bool { [AF_INET, AF_INET6].contains(family) }

  /// 0 for a Unix socket.
  var port: Int {
    get {
      guard isInternet else { return 0 }
      // sin_port and sin6_port have the same offset and are in network byte order.
      return withUnsafeBytes(of: storage) {
        Int(UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
      }
    }
    set {
      guard isInternet else { return }
      withUnsafeMutableBytes(of: &storage) {
        $0.storeBytes(of: UInt16(truncatingIfNeeded: newValue).bigEndian, toByteOffset: 2, as: UInt16.self)
      }
    }
  }

  /// `127.0.0.1:8080`, `[::1]:8080` or `unix`.
  var text: String {
    guard isInternet else { return "unix" }
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let status = withPointer { getnameinfo($0, $1, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) }
    guard status == 0 else { return "unknown" }
    let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
  }
}
