import Checkpoints
import Foundation
import HTTPServer
import Logging
import Service
import TestSupport
import YOLOX
import YOLOXClient

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The service with the network of ``ServedScene`` on its own port, in this process, and a client for it.
struct RunningService {
  let models: ModelRegistry
  let url: URL
  let client: DetectionClient
  private let server: Server

  init(
    readiness: Readiness = Readiness(.ready),
    _ adjust: (inout DetectionService.Configuration) throws -> Void = { _ in }
  ) async throws {
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    // Longer than any production timeout, because a busy machine may delay a test.
    configuration.requestTimeout = .seconds(300)
    configuration.server.headTimeout = .seconds(300)
    configuration.server.bodyTimeout = .seconds(300)
    configuration.server.minBodyRate = 0
    try adjust(&configuration)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let metrics = ServiceMetrics(version: "test")
    let nano = ModelSource(name: "yolox-nano") {
      let weights = try PretrainedWeights(Checkpoint(ServedScene.current.weights, path: "yolox-nano"))
      return try Model(weights, name: "yolox-nano")
    }
    models = ModelRegistry([nano], configuration: configuration, metrics: metrics, logger: logger)
    server = DetectionService.server(
      models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    url = URL(string: "http://127.0.0.1:\(try server.start())")!
    client = DetectionClient(url, session: RunningService.patientSession)
    try await models.loadAll()
  }

  static let patientSession: URLSession = {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = 300
    return URLSession(configuration: configuration)
  }()

  /// Of a dog, a bicycle and a car.
  static var image: URL { get throws { try ServedScene.current.image } }
}
