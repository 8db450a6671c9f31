/// How long each phase of a connection may take, and how many there may be.
package struct ServerConfiguration: Sendable {
  package var host = "127.0.0.1"
  /// 0 lets the system choose.
  package var port = 8080
  package var limits = RequestLimits()
  package var maxConnections = 1024
  /// From a request's first byte to the end of its head.
  package var headTimeout = Duration.seconds(10)
  /// For a body as a whole.
  package var bodyTimeout = Duration.seconds(60)
  /// Bytes a second that a body must come with, on average, once it has had ten seconds.
  package var minimumBodyRate = 1024
  /// Between requests.
  package var idleTimeout = Duration.seconds(75)
  /// Without the peer taking any byte of an answer.
  package var writeTimeout = Duration.seconds(30)
  /// Event loops; connections are dealt out among them.
  package var loops = 2

  package init() {}
}
