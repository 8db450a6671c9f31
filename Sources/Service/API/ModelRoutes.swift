import HTTPServer
import HTTPTypes
import Logging

/// `/v1/models`: lists, loads and unloads models.
struct ModelRoutes: Sendable {
  let models: ModelRegistry
  /// Loading and unloading need API keys: without them every client could take models away.
  let allowsChanges: Bool
  let logger: Logger

  func list(_ request: Request) -> Response {
    .json(ModelList(models: models.names.map(description)))
  }

  func one(_ request: Request) -> Response {
    let name = request.parameters["name"] ?? ""
    guard models.names.contains(name) else {
      return Problem(ModelRegistryError.unknown(name: name, known: models.names)).response
    }
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
    guard allowsChanges else { throw .changesNeedKeys }
    do { try await models.load(name) } catch let error as ModelRegistryError { throw Problem(error) } catch {
      logger.error("model not loaded", metadata: ["model": "\(name)", "error": "\(error)"])
      throw .modelCannotLoad(name)
    }
  }

  func unload(_ name: String) throws(Problem) {
    guard allowsChanges else { throw .changesNeedKeys }
    do { try models.unload(name) } catch { throw Problem(error) }
  }

  private func description(_ name: String) -> ModelDescription {
    models.loaded(name).map { ModelDescription($0, name: name) } ?? ModelDescription(unloaded: name)
  }
}

extension Problem {
  fileprivate static let changesNeedKeys = Problem(
    "forbidden", "Forbidden", .forbidden,
    "Models can be loaded and unloaded only if the service has API keys.")

  /// Not the reason: it may show paths of the server.
  fileprivate static func modelCannotLoad(_ name: String) -> Problem {
    Problem(
      "model-cannot-load", "Model cannot be loaded", .unprocessableContent,
      "The weights of '\(name)' cannot be loaded; the log has the reason. The loaded model remains.")
  }
}
