import HTTPTypes

/// Whether the service can serve, as `/readyz` tells load balancers and service managers.
struct ServiceHealth: Sendable {
  let readiness: Readiness
  let models: ModelRegistry
  let workers: PreprocessingPool
  /// A job that is older hangs: one that waits longer than the request timeout is dropped, and none runs that long.
  let stallTimeout: Duration

  /// Why the service is not ready; `nil` if it is.
  var problem: Problem? {
    switch readiness.phase {
    case .starting: return .starting
    case .stopping: return .stopping
    case .ready: break
    }
    guard models.hasLoadedModel else { return .noLoadedModel }
    return isStalled ? .stalled : nil
  }

  var isReady: Bool { problem == nil }

  /// Whether the oldest job is far beyond its expectation.
  var isStalled: Bool { max(workers.load.age, models.inferenceLoad.age) > stallTimeout }
}

extension Problem {
  fileprivate static let noLoadedModel = Problem(
    "not-ready", "Not ready", .serviceUnavailable, "No model is loaded.", fields: [.retryAfter: "1"])

  fileprivate static let stalled = Problem(
    "not-ready", "Not ready", .serviceUnavailable,
    "A job takes far longer than it should; the service needs a restart if this lasts.",
    fields: [.retryAfter: "1"])
}
