import Engine

/// The result of one image.
package struct Prediction: Sendable {
  /// Sorted by descending score; boxes in pixels of the original image and clipped to it.
  package let detections: [Detection]
  /// The run of the network, shared by all images in it.
  package let inference: Duration
  package let postprocess: Duration
  /// The network's own numbers (``Engine/Executor/predictions(_:image:)``), where the options ask for them.
  package let predictions: Tensor?
}
