import ArgumentParser

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// For containers, which have neither a shell nor curl.
struct HealthCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Asks a running service whether it takes requests; ends with 0 if so, else with 1.",
    discussion: "Takes host, port and Unix socket from the same places as 'yolox serve'.")

  @Option(help: "The service's address.") var host = "127.0.0.1"
  @Option(help: "The service's port.") var port = 8080
  @Option(help: "The service's Unix socket, instead of host and port.") var unixSocket: String?
  @Option(help: "What to ask for.") var path = "/readyz"
  @Option(help: "Seconds to wait for the answer.") var timeout = 3.0
  @Option(help: "A JSON file with options as its members.") var config: String?

  func validate() throws {
    guard (1...65535).contains(port) else { throw ValidationError("--port must lie in 1...65535") }
    guard (0.001...3600).contains(timeout) else {
      throw ValidationError("--timeout must lie in 0.001...3600")
    }
  }

  func run() async throws {
    // Where the service listens on all addresses, it is to be found on this one.
    let host = ["0.0.0.0", "::", ""].contains(host) ? "127.0.0.1" : host
    let probe = HealthProbe(host: host, port: port, unixSocket: unixSocket, timeout: .seconds(timeout))
    do {
      let status = try probe.status(of: path)
      print(status == 200 ? "ready" : "not ready (\(status))")
      if status != 200 { throw ExitCode.failure }
    } catch let error as HealthProbe.ProbeError {
      throw CLIError("\(error)")
    }
  }
}
