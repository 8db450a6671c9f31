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
    /// Threads of inference, and as many again of preprocessing.
    package var threads = availableProcessors()
    package var version = "development"
    /// Maximum duration of a request from its last byte; a client may ask for less.
    package var requestTimeout = Duration.seconds(10)
    /// Memory of all images being decoded, drawn or encoded, in bytes.
    package var maxDecodingMemory = 512 << 20
    /// A job that is older makes /readyz 503. `nil` derives it from the request timeout.
    package var maxJobAge: Duration?
    var stallTimeout: Duration { maxJobAge ?? max(.seconds(30), requestTimeout * 3) }
    /// After the signal to stop, how long the service goes on while /readyz returns 503.
    package var shutdownDelay = Duration.zero
    /// How long requests may then take to finish.
    package var shutdownTimeout = Duration.seconds(30)

    package init() {}
  }
}
