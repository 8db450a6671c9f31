import YOLOX

/// A served model's name and the way to load it, again if need be.
package struct ModelSource: Sendable {
  package let name: String
  /// Reads and plans the model, which has the source's name. May take seconds.
  let load: @Sendable () throws -> Model

  package init(name: String, load: @escaping @Sendable () throws -> Model) {
    self.name = name
    self.load = load
  }
}
