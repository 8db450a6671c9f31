import Checkpoints
import Foundation
import HTTPServer
import Logging
import Service
import TestSupport
import Testing
import YOLOX

/// The whole service with the network of ``ServedScene`` on a port of its own, in this process.
struct TestService {
  let server: Server
  let models: ModelRegistry
  let port: Int
  let readiness = Readiness(.ready)
  let log = MemoryLog()

  init(
    models names: [String] = ["yolox-nano"], inputShape: InputShape = .square,
    _ adjust: (inout DetectionService.Configuration) throws -> Void = { _ in }
  ) async throws {
    var configuration = DetectionService.Configuration()
    configuration.server.port = 0
    configuration.threads = 1
    configuration.version = "test"
    // A busy machine needs longer than any sensible production timeout.
    configuration.requestTimeout = .seconds(900)
    configuration.server.headTimeout = .seconds(900)
    configuration.server.bodyTimeout = .seconds(900)
    configuration.server.minBodyRate = 0
    configuration.server.idleTimeout = .seconds(900)
    configuration.server.writeTimeout = .seconds(900)
    try adjust(&configuration)
    let logger = log.logger
    let metrics = ServiceMetrics(version: "test")
    models = ModelRegistry(
      names.map { name in
        ModelSource(name: name) {
          var model = try TestService.nano(name: name)
          model.inputShape = inputShape
          return model
        }
      },
      configuration: configuration, metrics: metrics, logger: logger)
    server = DetectionService.server(
      models, configuration: configuration, readiness: readiness, metrics: metrics, logger: logger)
    port = try server.start()
    try await models.loadAll()
  }

  static func nano(name: String = "yolox-nano") throws -> Model {
    let weights = try ServedScene.current.weights
    return try Model(PretrainedWeights(Checkpoint(weights, path: name)), name: name)
  }

  func send(
    _ method: String, _ path: String, fields: String = "", body: [UInt8] = []
  ) async throws -> RawResponse {
    let client = try RawClient(port: port)
    let length = body.isEmpty && method == "GET" ? "" : "Content-Length: \(body.count)\r\n"
    client.send("\(method) \(path) HTTP/1.1\r\nHost: a\r\n\(fields)\(length)\r\n")
    client.send(body)
    return try #require(await client.readResponses(1).first)
  }

  func get(_ path: String, fields: String = "") async throws -> RawResponse {
    try await send("GET", path, fields: fields)
  }

  func post(_ body: [UInt8], to path: String = "/detect", fields: String = "") async throws -> RawResponse {
    try await send("POST", path, fields: fields, body: body)
  }

  func post(json: [String: Any], to path: String = "/detect") async throws -> RawResponse {
    let body = try JSONSerialization.data(withJSONObject: json)
    return try await post([UInt8](body), to: path, fields: "Content-Type: application/json\r\n")
  }

  /// A form of `multipart/form-data` as curl writes it; parts with a file name are files.
  func post(
    form parts: [(name: String, file: String?, body: [UInt8])], to path: String = "/detect"
  ) async throws -> RawResponse {
    var body: [UInt8] = []
    for part in parts {
      let file = part.file.map { "; filename=\"\($0)\"\r\nContent-Type: application/octet-stream" } ?? ""
      body += Array("--xyz\r\nContent-Disposition: form-data; name=\"\(part.name)\"\(file)\r\n\r\n".utf8)
      body += part.body + Array("\r\n".utf8)
    }
    body += Array("--xyz--\r\n".utf8)
    return try await post(body, to: path, fields: "Content-Type: multipart/form-data; boundary=xyz\r\n")
  }
}

extension RawResponse {
  var json: [String: Any] {
    get throws {
      try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }
  }

  /// The last part of a problem's type. Checks that the response is a problem.
  var problem: String {
    get throws {
      #expect(fields["content-type"] == "application/problem+json")
      #expect(try json["status"] as? Int == status)
      let type = try #require(try json["type"] as? String)
      #expect(type.hasPrefix("urn:swift-yolox:problem:"))
      return String(type.dropFirst("urn:swift-yolox:problem:".count))
    }
  }
}

/// The labels of the detections in the response to one image.
func labels(_ response: Any?) throws -> [String] {
  let response = try #require(response as? [String: Any])
  return try #require(response["detections"] as? [[String: Any]]).compactMap { $0["label"] as? String }
}

let dogBicycleCar = ["dog", "bicycle", "car"]
