import ArgumentParser
import HTTPServer
import Imaging
import Logging
import Service

/// Which models are served.
struct ServedModelOptions: ParsableArguments {
  @Option(
    name: .customLong("model"),
    help: ArgumentHelp(
      "Serve these weights under this name, instead of --weights; may be given more than once. The first is for requests that name none.",
      valueName: "name=weights"))
  var named: [NamedWeights] = []

  func sources(_ options: ModelOptions) throws -> [ModelSource] {
    let named = named.isEmpty ? [NamedWeights(weights: options.weights)] : named
    let names = named.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw CLIError("--model: '\(twice)' is there twice")
    }
    return named.map { entry in
      ModelSource(name: entry.name) {
        try options.loadModel(entry.weights, name: entry.name) { choice in
          Logger(label: "yolox").info("\(choice)", metadata: ["model": "\(entry.name)"])
        }
      }
    }
  }
}

/// `door=runs/door/best.safetensors`
struct NamedWeights: ExpressibleByArgument {
  let name: String
  let weights: String

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[0].allSatisfy({ $0.isLetter || $0.isNumber || "-_.".contains($0) }) else {
      return nil
    }
    (name, weights) = (parts[0], parts[1])
  }

  /// Under the name of the file: `yolox_nano.onnx` is `yolox-nano`.
  init(weights: String) {
    let file = weights.split(separator: "/").last.map(String.init) ?? weights
    let stem = file.lastIndex(of: ".").map { String(file[..<$0]) } ?? file
    name = stem.replacing("_", with: "-")
    self.weights = weights
  }
}

/// Where the service listens, and for how long it listens to whom.
struct ListeningOptions: ParsableArguments {
  @Option(help: "Address to listen on; 0.0.0.0 for all of IPv4, :: for all.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 lets the system choose.")
  var port = 8080

  @Option(help: "Listen on a Unix socket at this path instead.")
  var unixSocket: String?

  @Flag(help: "Let other processes listen on the same port, each getting its share (SO_REUSEPORT).")
  var reusePort = false

  @Option(help: "The most connections at a time; more are refused with 503.")
  var maxConnections = 1024

  @Option(help: "Seconds for a request's head to arrive.")
  var headerTimeout = 10

  @Option(help: "Seconds for a request's body to arrive.")
  var bodyTimeout = 60

  @Option(help: "Seconds for which a connection may rest between requests.")
  var idleTimeout = 75

  @Option(help: "Seconds for which a client may take nothing of its answer.")
  var writeTimeout = 30

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must lie in 0...65535") }
    try requirePositive([
      ("--max-connections", maxConnections), ("--header-timeout", headerTimeout),
      ("--body-timeout", bodyTimeout), ("--idle-timeout", idleTimeout), ("--write-timeout", writeTimeout),
    ])
  }

  func apply(to configuration: inout DetectionService.Configuration) throws {
    configuration.server.host = host
    configuration.server.port = port
    configuration.server.unixSocket = unixSocket
    configuration.server.sharesPort = reusePort
    configuration.server.inheritedDescriptors = SocketActivation.takeDescriptors()
    configuration.server.maxConnections = maxConnections
    configuration.server.headTimeout = .seconds(headerTimeout)
    configuration.server.bodyTimeout = .seconds(bodyTimeout)
    configuration.server.idleTimeout = .seconds(idleTimeout)
    configuration.server.writeTimeout = .seconds(writeTimeout)
  }
}

/// How much a request may be, and how requests become runs of the network.
struct RequestOptions: ParsableArguments {
  @Option(help: "The largest request body, in bytes.")
  var maxBodySize = 20 << 20

  @Option(help: "What the bodies of all requests may take together, in bytes; more is refused with 503.")
  var bodyMemory = 256 << 20

  @Option(help: "Seconds that a request may take; X-Request-Timeout-Ms may ask for less.")
  var requestTimeout = 10.0

  @Option(help: "The most pictures in one run of the network.")
  var maxBatch = Batching().maxBatchSize

  @Option(help: "Milliseconds for which a picture waits for more, unless there are --max-batch before.")
  var batchDelay = 0.0

  @Option(
    help:
      "The most pictures on their way; more are refused with 503. Default: as many as can be answered within the request timeout, and fit into 256 MB."
  )
  var queueLimit: Int?

  @Option(
    help: ArgumentHelp(
      "Other services' APIs to speak too: all, none, or some of \(CompatibleAPI.allCases.map(\.rawValue).joined(separator: ", ")).",
      valueName: "apis"))
  var compatibility = SpokenAPIs(CompatibleAPI.allCases)

  func validate() throws {
    try requirePositive([
      ("--max-body-size", maxBodySize), ("--max-batch", maxBatch), ("--queue-limit", queueLimit ?? 1),
    ])
    guard bodyMemory >= maxBodySize else {
      throw ValidationError("--body-memory must be at least --max-body-size, which is \(maxBodySize)")
    }
    guard requestTimeout > 0, requestTimeout <= 86400 else {
      throw ValidationError("--request-timeout must be more than 0 and at most a day")
    }
    guard (0...1000).contains(batchDelay) else {
      throw ValidationError("--batch-delay must lie in 0...1000")
    }
  }

  func apply(to configuration: inout DetectionService.Configuration) {
    configuration.server.limits.body = maxBodySize
    configuration.server.bodyMemory = bodyMemory
    configuration.imageLimits.bytes = maxBodySize
    configuration.requestTimeout = .seconds(requestTimeout)
    configuration.batching.maxBatchSize = maxBatch
    configuration.batching.maxQueueDelay = .seconds(batchDelay / 1000)
    configuration.batching.queueLimit = queueLimit
    configuration.compatibility = compatibility.apis
  }
}

/// `all`, `none`, or names with commas.
struct SpokenAPIs: ExpressibleByArgument {
  let apis: Set<CompatibleAPI>

  init(_ apis: some Sequence<CompatibleAPI>) { self.apis = Set(apis) }

  init?(argument: String) {
    switch argument {
    case "all": self.init(CompatibleAPI.allCases)
    case "none": self.init([])
    default:
      let names = argument.split(separator: ",").map { $0.filter { $0 != " " } }
      let apis = names.compactMap(CompatibleAPI.init)
      guard apis.count == names.count, !apis.isEmpty else { return nil }
      self.init(apis)
    }
  }

  var defaultValueDescription: String {
    apis.count == CompatibleAPI.allCases.count
      ? "all" : apis.map(\.rawValue).sorted().joined(separator: ",")
  }
}

/// Whom the service answers.
struct AccessOptions: ParsableArguments {
  @Option(
    help:
      "A file with API keys, one a line; requests then need 'Authorization: Bearer KEY'. Probes stay open.")
  var apiKeyFile: String?

  @Flag(help: "Leave /metrics open where keys are asked for.")
  var openMetrics = false

  @Option(
    help:
      "A site whose pages may call the service, such as https://example.org, or *; may be given more than once."
  )
  var allowOrigin: [String] = []

  func validate() throws {
    for origin in allowOrigin where origin != "*" {
      guard origin.hasPrefix("http://") || origin.hasPrefix("https://"), !origin.hasSuffix("/") else {
        throw ValidationError("--allow-origin must be like https://example.org, without a path")
      }
    }
  }

  func apply(to configuration: inout DetectionService.Configuration) throws {
    do { configuration.access.keys = try apiKeyFile.map(APIKeys.init(contentsOfFile:)) } catch {
      throw CLIError("--api-key-file: \(error)")
    }
    configuration.access.hasOpenMetrics = openMetrics
    configuration.access.crossOrigin.allowedOrigins = Set(allowOrigin)
  }
}

/// What is said, and how the service ends.
struct OperationOptions: ParsableArguments {
  enum LogFormat: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Option(help: "text, or json: an object in each line.")
  var logFormat = LogFormat.text

  @Option(help: "From which level on: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).")
  var logLevel = Logger.Level.info

  @Option(help: "Seconds to go on, not ready any more, once the service is told to stop.")
  var drainDelay = 0.0

  @Option(help: "Seconds that requests have to finish after that.")
  var shutdownTimeout = 30

  func validate() throws {
    try requirePositive([("--shutdown-timeout", shutdownTimeout)])
    guard (0...3600).contains(drainDelay) else {
      throw ValidationError("--drain-delay must lie in 0...3600")
    }
  }

  func startLogging() {
    LoggingSystem.bootstrap { [logFormat, logLevel] label in
      var handler: any LogHandler =
        switch logFormat {
        case .text: StreamLogHandler.standardError(label: label)
        case .json: JSONLogHandler(label: label)
        }
      handler.logLevel = logLevel
      return handler
    }
  }

  func apply(to configuration: inout DetectionService.Configuration) {
    configuration.drainDelay = .seconds(drainDelay)
    configuration.shutdownTimeout = .seconds(shutdownTimeout)
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}

private func requirePositive(_ options: [(name: String, value: Int)]) throws {
  for (name, value) in options where value < 1 { throw ValidationError("\(name) must be at least 1") }
}
