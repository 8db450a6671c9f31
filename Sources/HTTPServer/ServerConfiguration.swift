/// Where a server listens, how long each phase of a connection may take, and how many there may be.
package struct ServerConfiguration: Sendable {
  /// A name, an IPv4 or an IPv6 address. A name is listened on at each of its addresses.
  package var host = "127.0.0.1"
  /// 0 lets the system choose.
  package var port = 8080
  /// Whether other processes may listen on the same port, each getting its share of the connections (SO_REUSEPORT).
  package var sharesPort = false
  /// The path of a Unix socket, instead of host and port.
  package var unixSocket: String?
  /// Who may connect to the Unix socket.
  package var unixSocketPermissions: UInt32 = 0o660
  /// Sockets that listen already, instead of all others; see ``SocketActivation``.
  package var inheritedDescriptors: [Int32] = []
  package var limits = RequestLimits()
  package var maxConnections = 1024
  /// What the bodies of all requests may take together, in bytes. One alone is bounded by `limits`.
  package var bodyMemory = 256 << 20
  /// From a request's first byte to the end of its head.
  package var headTimeout = Duration.seconds(10)
  /// For a body as a whole.
  package var bodyTimeout = Duration.seconds(60)
  /// Bytes a second that a body must come with, on average, once it has had ten seconds.
  package var minimumBodyRate = 1024
  /// Between requests.
  package var idleTimeout = Duration.seconds(75)
  /// Instead, once the server is stopping: for a request that is on its way already.
  package var idleTimeoutWhenStopping = Duration.seconds(2)
  /// Without the peer taking any byte of an answer.
  package var writeTimeout = Duration.seconds(30)
  /// Event loops; connections are dealt out among them.
  package var loops = 2

  package init() {}
}
