import HTTPTypes

/// Why the registry has no detector for a name.
package enum ModelRegistryError: Error, Equatable, Sendable {
  case unknown(name: String, known: [String])
  case notLoaded(name: String)
}

extension Problem {
  init(_ error: ModelRegistryError) {
    switch error {
    case .unknown(let name, let known):
      self.init(
        "no-model", "No such model", .notFound,
        "No model is named '\(name.excerpt)'; served are \(known.joined(separator: ", ")).")
    case .notLoaded(let name):
      self.init(
        "model-not-loaded", "Model not loaded", .serviceUnavailable,
        "The model '\(name.excerpt)' is not loaded.",
        fields: [.retryAfter: "1"])
    }
  }
}
