import ArgumentParser
import HTTPServer
import Imaging
import Logging
import Service

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs the HTTP service.",
    discussion: """
      POST a JPEG or PNG to /detect:

        curl --data-binary @dog.jpg http://localhost:8080/detect

      GET /healthz says that the service is alive, GET /readyz that it takes requests. SIGTERM stops it once every
      request that it has accepted is answered. TLS is a proxy's job.
      """)

  @OptionGroup var model: ModelOptions

  @Option(help: "Address to listen on; 0.0.0.0 for all.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 lets the system choose.")
  var port = 8080

  @Option(help: "The most pictures in one run of the network.")
  var maxBatch = 4

  @Option(help: "The most pictures that may wait; more are refused with 503.")
  var queueLimit = 64

  @Option(help: "The largest request body, in bytes.")
  var maxBodySize = 20 << 20

  @Option(help: "The most connections at a time; more are refused with 503.")
  var maxConnections = 1024

  @Option(help: "Seconds that requests have to finish once the service is told to stop.")
  var shutdownTimeout = 30

  func validate() throws {
    guard (0...65535).contains(port) else { throw ValidationError("--port must lie in 0...65535") }
    for (name, value) in [
      ("--max-batch", maxBatch), ("--queue-limit", queueLimit), ("--max-body-size", maxBodySize),
      ("--max-connections", maxConnections), ("--shutdown-timeout", shutdownTimeout),
    ] where value < 1 {
      throw ValidationError("\(name) must be at least 1")
    }
  }

  func run() async throws {
    LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
    var configuration = Service.Configuration()
    configuration.server.host = host
    configuration.server.port = port
    configuration.server.limits.body = maxBodySize
    configuration.server.maxConnections = maxConnections
    configuration.imageLimits.bytes = maxBodySize
    configuration.threads = model.threadCount
    configuration.version = Yolox.version
    configuration.maxBatch = maxBatch
    configuration.queueLimit = queueLimit
    configuration.shutdownTimeout = .seconds(shutdownTimeout)
    let service = Service(try model.loadModel(), configuration: configuration, logger: Logger(label: "yolox"))
    try await service.run()
  }
}
