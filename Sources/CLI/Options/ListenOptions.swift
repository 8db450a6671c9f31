import ArgumentParser
import HTTPServer
import Service

/// Address, connection limit and connection timeouts.
package struct ListenOptions: ParsableArguments {
  private static let defaultHost = "127.0.0.1"
  private static let defaultPort = 8080

  @Option(help: "Address to listen on; 0.0.0.0 for all IPv4 addresses, :: for all.")
  var host = defaultHost

  @Option(help: "Port to listen on; 0 picks a free port.")
  var port = defaultPort

  @Option(help: "Path of a Unix socket to listen on, instead of host and port.")
  var unixSocket: String?

  @Option(
    help: ArgumentHelp(
      "Port on --host for probes and metrics only.",
      discussion: "/metrics is then not served on the other port."))
  var adminPort: Int?

  @Flag(help: "Share the port with other processes (SO_REUSEPORT).")
  var reusePort = false

  @Option(help: "Maximum open connections; more are rejected with 503.")
  var maxConnections = 1024

  @Option(help: "Maximum seconds to receive a request head.")
  var headerTimeout = 10

  @Option(help: "Maximum seconds to receive a request body.")
  var bodyTimeout = 60

  @Option(help: "Close a keep-alive connection after this many idle seconds.")
  var idleTimeout = 75

  @Option(help: "Close a connection after this many seconds without write progress.")
  var writeTimeout = 30

  @Option(
    help: "Seconds after which a connection closes with a response. Default: no maximum.")
  var maxConnectionAge: Int?

  package init() {}

  /// What the owner of a socket unit must know who has set an address here; `nil` if nothing is set.
  package var textOfIgnoredAddress: String? {
    guard host != Self.defaultHost || port != Self.defaultPort || unixSocket != nil else { return nil }
    return "host, port and unix-socket have no effect: the service manager has opened the socket; "
      + "set the address with 'systemctl edit yolox.socket'"
  }

  package func validate() throws {
    try requireInRange("--admin-port", adminPort ?? 1, 0...65535)
    if let adminPort, adminPort != 0, adminPort == port {
      throw ValidationError("--admin-port must differ from --port")
    }
    try requireInRange("--port", port, 0...65535)
    try requirePositive([
      ("--max-connections", maxConnections), ("--header-timeout", headerTimeout),
      ("--body-timeout", bodyTimeout), ("--idle-timeout", idleTimeout), ("--write-timeout", writeTimeout),
      ("--max-connection-age", maxConnectionAge ?? 1),
    ])
  }

  func apply(to configuration: inout DetectionService.Configuration) throws {
    configuration.server.host = host
    configuration.server.port = port
    configuration.server.unixSocket = unixSocket
    configuration.server.reusesPort = reusePort
    configuration.server.inheritedDescriptors = SocketActivation.takeDescriptors()
    configuration.server.maxConnections = maxConnections
    configuration.server.headTimeout = .seconds(headerTimeout)
    configuration.server.bodyTimeout = .seconds(bodyTimeout)
    configuration.server.idleTimeout = .seconds(idleTimeout)
    configuration.server.writeTimeout = .seconds(writeTimeout)
    configuration.server.maxConnectionAge = maxConnectionAge.map { .seconds($0) }
    configuration.adminPort = adminPort
  }
}
