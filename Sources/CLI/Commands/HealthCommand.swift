import ArgumentParser
import FoundationCompatibility

/// A probe for containers, which have neither a shell nor curl.
struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Check whether a running service is ready.",
    discussion: """
      Exits with 0 if it is ready and with 1 if not. Host, port and Unix socket come from the same sources as those of \
      'yolox serve'.
      """)

  @Option(help: "Address of the service.") var host = "127.0.0.1"
  @Option(help: "Port of the service.") var port = 8080
  @Option(help: "Unix socket of the service, instead of host and port.") var unixSocket: String?
  @Option(help: "Path to request.") var path = "/readyz"
  @Option(help: "Maximum seconds to wait for the response.") var timeout = 3.0
  @Option(help: "JSON file whose members are options.", completion: .file()) var config: String?

  func validate() throws {
    try requireInRange("--port", port, 1...65535)
    try requireInRange("--timeout", timeout, 0.001...3600)
  }

  func run() async throws {
    // A service that listens on all addresses is reachable on the loopback address.
    let host = ["0.0.0.0", "::", ""].contains(host) ? "127.0.0.1" : host
    let probe = HealthProbe(host: host, port: port, unixSocket: unixSocket, timeout: .seconds(timeout))
    do {
      let status = try probe.status(of: path)
      try printLine(status == 200 ? "ready" : "not ready (\(status))")
      if status != 200 { throw ExitCode.failure }
    } catch let error as HealthProbe.ProbeError {
      throw CLIError("\(error)")
    }
  }
}
