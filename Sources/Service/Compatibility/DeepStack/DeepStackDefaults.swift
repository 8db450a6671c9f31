/// What DeepStack's clients get if they ask for nothing else.
package struct DeepStackDefaults: Sendable {
  /// Frigate's plugin has an array for 20, and fails on more.
  package var maxPredictions = 20
  /// Labels that the clients know; others are left out. Empty for all. Frigate's plugin stops at the first label that it does
  /// not know.
  package var classes: [String] = []

  package init() {}
}
