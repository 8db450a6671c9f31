import Engine

/// The result of one image.
package struct Prediction: Sendable {
  /// Sorted by descending score; boxes in pixels of the original image and clipped to it.
  package let detections: [Detection]
  /// All detections from the options' ``DetectionOptions/unfilteredThreshold`` on, whatever the other options select; empty
  /// without one.
  package let unfiltered: [Detection]
  /// Time of the network's run, shared by all images of the batch.
  package let inference: Duration
  package let postprocess: Duration
  /// Raw outputs (``Engine/Executor/predictions(_:image:)``), if requested by the options.
  package let predictions: Tensor?

  package init(
    detections: [Detection], unfiltered: [Detection] = [], inference: Duration, postprocess: Duration,
    predictions: Tensor?
  ) {
    self.detections = detections
    self.unfiltered = unfiltered
    self.inference = inference
    self.postprocess = postprocess
    self.predictions = predictions
  }
}
