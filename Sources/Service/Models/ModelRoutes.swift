import Engine
import HTTPServer
import HTTPTypes
import Logging
import YOLOX

/// `/v1/models`: what is served, and changes to it.
struct ModelRoutes: Sendable {
  let models: ModelRegistry
  /// Changes need a key: whoever may send pictures is not thereby who may take models away.
  let allowsChanges: Bool
  let logger: Logger

  func list(_ request: Request) -> Response {
    .json(ModelList(models: models.names.map(description)))
  }

  func one(_ request: Request) -> Response {
    let name = request.parameters["name"] ?? ""
    guard models.names.contains(name) else { return Problem.noModel(name, known: models.names).response }
    return .json(description(name))
  }

  func load(_ request: Request) async -> Response {
    let name = request.parameters["name"] ?? ""
    do throws(Problem) {
      try await load(name)
      return .json(description(name))
    } catch { return error.response }
  }

  func unload(_ request: Request) -> Response {
    let name = request.parameters["name"] ?? ""
    do throws(Problem) {
      try unload(name)
      return .json(description(name))
    } catch { return error.response }
  }

  func load(_ name: String) async throws(Problem) {
    guard allowsChanges else { throw .keyNeeded }
    do { try await models.load(name) } catch let problem as Problem { throw problem } catch {
      logger.error("model not loaded", metadata: ["model": "\(name)", "error": "\(error)"])
      throw .modelCannotLoad(name)
    }
  }

  func unload(_ name: String) throws(Problem) {
    guard allowsChanges else { throw .keyNeeded }
    try models.unload(name)
  }

  private func description(_ name: String) -> ModelDescription {
    guard let detector = models.loaded(name) else { return ModelDescription(name: name, state: "unloaded") }
    let model = detector.model
    return ModelDescription(
      name: name, state: "loaded", variant: Variant(model.architecture)?.rawValue ?? "custom",
      input: PictureSize(width: model.inputSize.width, height: model.inputSize.height), classes: model.labels,
      parameters: model.parameterCount, sha256: model.sha256, precision: model.plan.precision.rawValue,
      queueLimit: detector.queueLimit, memory: detector.memoryBytes)
  }
}

/// A model as clients see it. All but the name and the state is there only while it is loaded.
struct ModelDescription: Encodable {
  let name: String
  let state: String
  var variant: String?
  /// In pixels.
  var input: PictureSize?
  var classes: [String]?
  var parameters: Int?
  /// Of the file that the weights came from.
  var sha256: String?
  var precision: String?
  var queueLimit: Int?
  /// Of weights and maps, in bytes.
  var memory: Int?

  enum CodingKeys: String, CodingKey {
    case name, state, variant, input, classes, parameters, sha256, precision
    case queueLimit = "queue_limit"
    case memory = "memory_bytes"
  }
}

struct ModelList: Encodable {
  let models: [ModelDescription]
}
