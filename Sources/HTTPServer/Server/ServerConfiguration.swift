/// Addresses, limits and timeouts of a server.
package struct ServerConfiguration: Sendable {
  /// A name, an IPv4 or an IPv6 address. The server listens on every address of a name.
  package var host = "127.0.0.1"
  /// 0 lets the system choose.
  package var port = 8080
  /// Lets other processes listen on the same port; the system distributes the connections (SO_REUSEPORT).
  package var reusesPort = false
  /// Path of a Unix socket, instead of host and port.
  package var unixSocket: String?
  /// File mode of the Unix socket.
  package var unixSocketPermissions: UInt32 = 0o660
  /// Listening sockets opened by another process, instead of all others; see ``SocketActivation``.
  package var inheritedDescriptors: [Int32] = []
  package var limits = RequestLimits()
  package var maxConnections = 1024
  /// Maximum memory of all request bodies together, in bytes. `limits` bounds each one.
  package var maxBodyMemory = 256 << 20
  /// From a request's first byte to the end of its head.
  package var headTimeout = Duration.seconds(10)
  /// For a whole body.
  package var bodyTimeout = Duration.seconds(60)
  /// Minimum average rate of a body in bytes per second, enforced after the first ten seconds.
  package var minBodyRate = 1024
  /// Between requests.
  package var idleTimeout = Duration.seconds(75)
  /// Between requests while the server shuts down, for a request that is already under way.
  package var drainIdleTimeout = Duration.seconds(2)
  /// Without a byte of a body while the server shuts down.
  package var drainBodyTimeout = Duration.seconds(5)
  /// Without progress in writing a response.
  package var writeTimeout = Duration.seconds(30)
  /// Minimum average rate in bytes per second at which a client reads while it holds up a response, enforced after
  /// `writeTimeout`.
  package var minWriteRate = 1024
  /// Age after which a connection closes with its next response, so that a balancer distributes clients anew after scaling;
  /// varied by ten per cent, so that not all close together. `nil` for no maximum.
  package var maxConnectionAge: Duration?
  /// Number of event loops. Connections are distributed in turn.
  package var eventLoopCount = 2

  package init() {}

  /// ``maxConnectionAge``, varied for one connection.
  var randomConnectionAge: Duration? { maxConnectionAge.map { $0 * Double.random(in: 0.9...1.1) } }
}
