import Imaging
import YOLOX

/// The detections of one image, and what the responses tell about it.
package struct ImageResult: Sendable {
  package let prediction: Prediction
  /// Of the original image, in pixels.
  let width: Int
  let height: Int
  /// Of the network's input for this image, in pixels.
  let inputWidth: Int
  let inputHeight: Int
  package var timings: StageTimings
  /// The image, if boxes are to be drawn into it. Its pixels are decoded only then: held until the network has run, those of
  /// many requests would fill the memory.
  var source: ImageSource?

  init(_ prediction: Prediction, of image: PreparedImage, queued: Duration) {
    self.prediction = prediction
    (width, height) = (image.letterbox.imageWidth, image.letterbox.imageHeight)
    (inputWidth, inputHeight) = (image.letterbox.inputWidth, image.letterbox.inputHeight)
    timings = StageTimings(
      decode: image.decoding, preprocess: image.letterboxing, queue: queued,
      inference: prediction.inference, postprocess: prediction.postprocess)
  }

  package var detections: [Detection] { prediction.detections }
}
