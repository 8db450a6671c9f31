import Engine
import HTTPServer
import Imaging

extension DetectionService {
  package struct Configuration: Sendable {
    package var server = ServerConfiguration()
    package var imageLimits = ImageLimits()
    package var batching = Batching()
    package var access = AccessPolicy()
    /// The APIs served beside the service's own.
    package var compatibility = Set(CompatibleAPI.allCases)
    package var deepStack = DeepStackDefaults()
    /// Threads of inference, and as many again of preprocessing.
    package var threads = availableProcessors()
    /// Named sets of parameters.
    package var profiles = Profiles()
    /// Keeps images for relabelling; `nil` for none.
    package var keeper: ImageKeeper?
    package var version = "development"
    /// Maximum duration of a request from its last byte; a client may ask for less.
    package var requestTimeout = Duration.seconds(10)
    /// Memory of all images being decoded, drawn or encoded, in bytes.
    package var maxDecodingMemory = 512 << 20
    /// Memory of all large responses that are not written yet, in bytes.
    package var maxResponseMemory = 256 << 20
    /// A job that is older makes /readyz 503. `nil` derives it from the request timeout.
    package var maxJobAge: Duration?
    var stallTimeout: Duration { maxJobAge ?? max(.seconds(30), requestTimeout * 3) }
    /// After the signal to stop, how long the service goes on while /readyz returns 503.
    package var shutdownDelay = Duration.zero
    /// How long requests may then take to finish.
    package var shutdownTimeout = Duration.seconds(30)

    /// Port for probes and metrics only, on the host of `server`; 0 lets the system choose, `nil` is none.
    package var adminPort: Int?
    /// Log lines that were lost so far, for the metrics.
    package var droppedLogLines: @Sendable () -> Int = { 0 }
    package var serviceManager = ServiceManager(environment: [:])

    package init() {}
  }
}

extension DetectionService.Configuration {
  /// Of the server for `adminPort`: with its own event loop and connections, so that it answers however busy the other is.
  var adminServer: ServerConfiguration? {
    guard let adminPort else { return nil }
    var configuration = ServerConfiguration()
    configuration.host = server.host
    configuration.port = adminPort
    configuration.reusesPort = server.reusesPort
    configuration.maxConnections = 64
    configuration.limits.body = 0
    configuration.maxBodyMemory = 0
    configuration.eventLoopCount = 1
    return configuration
  }
}
