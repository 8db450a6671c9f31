import ArgumentParser
import Service

/// API keys and cross-origin access.
struct AccessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File with one API key per line; requests then need a key.",
      discussion: """
        A line is '[NAME:]KEY [SCOPE,...]' with the scopes detect, admin and metrics; a key without scopes has all. \
        Clients send 'Authorization: Bearer KEY'. /healthz and /readyz stay open. SIGHUP reads the file again.
        """), completion: .file())
  var apiKeyFile: String?

  @Flag(help: "Serve /metrics without a key.")
  var publicMetrics = false

  @Option(help: "Origin whose pages may call the service (CORS), or *; repeatable.")
  var allowOrigin: [String] = []

  func validate() throws {
    for origin in allowOrigin where origin != "*" {
      guard origin.hasPrefix("http://") || origin.hasPrefix("https://"), !origin.hasSuffix("/") else {
        throw ValidationError("--allow-origin must be like https://example.org, without a path")
      }
    }
  }

  func apply(to configuration: inout DetectionService.Configuration) throws {
    configuration.access.keys = try CLIError.naming("--api-key-file") {
      try apiKeyFile.map(APIKeys.init(contentsOfFile:))
    }
    configuration.access.hasPublicMetrics = publicMetrics
    configuration.access.crossOrigin.allowedOrigins = Set(allowOrigin)
  }
}
