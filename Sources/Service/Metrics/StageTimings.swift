import Engine

/// The duration of each stage of one image.
package struct StageTimings: Sendable {
  /// Image file to pixels.
  package var decode = Duration.zero
  /// Letterboxing to the network's input.
  package var preprocess = Duration.zero
  /// From the end of preprocessing to the start of the image's batch.
  package var queue = Duration.zero
  /// The run of the network, shared by all images of the batch.
  package var inference = Duration.zero
  package var postprocess = Duration.zero

  package enum Stage: String, CaseIterable, Sendable {
    case decode, preprocess, queue, inference, postprocess
  }

  package subscript(stage: Stage) -> Duration {
    switch stage {
    case .decode: decode
    case .preprocess: preprocess
    case .queue: queue
    case .inference: inference
    case .postprocess: postprocess
    }
  }
}

extension Duration {
  /// Rounded to microseconds.
  var roundedMilliseconds: Double { (seconds * 1e6).rounded() / 1e3 }
}
