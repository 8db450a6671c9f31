import YOLOX

/// What DeepStack's clients get if they ask for nothing else.
package struct DeepStackDefaults: Sendable {
  /// Frigate's plugin has an array for 20, and fails on more.
  package var maxPredictions = 20
  /// Labels that the clients know; others are left out. Empty for all. Frigate's plugin stops at the first label that it does
  /// not know.
  package var classes: [String] = []

  /// server.go, detection.
  static let scoreThreshold = 0.4

  package init() {}
}

extension DeepStackDefaults {
  /// Options of a request for a model; ``classes`` where it names none.
  func options(_ parameters: DetectParameters, for model: Model) throws(Problem) -> DetectionOptions {
    var options = try parameters.options(for: model)
    if options.classes == nil, !classes.isEmpty {
      options.classes = Set(model.labels.indices.filter { classes.contains(model.labels[$0]) })
    }
    return options
  }
}
