import Engine
import HTTPServer
import Imaging

extension DetectionService {
  package struct Configuration: Sendable {
    package var server = ServerConfiguration()
    package var imageLimits = ImageLimits()
    package var batching = Batching()
    package var access = AccessPolicy()
    /// Whose APIs are spoken beside the service's own.
    package var compatibility = Set(CompatibleAPI.allCases)
    /// That share the work of a run, and as many that prepare pictures.
    package var threads = availableProcessors()
    package var version = "development"
    /// How long a request may take, from when all of it is there; clients may ask for less.
    package var requestTimeout = Duration.seconds(10)
    /// How long the service goes on as before once it is told to stop, but for saying that it is not ready.
    package var drainDelay = Duration.zero
    /// How long requests may take to finish after that.
    package var shutdownTimeout = Duration.seconds(30)

    package init() {}
  }
}
