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

  /// Of an image that was detected in tiles.
  ///
  /// - Parameter whole: the result of the whole image, which is one of the tiles.
  init(
    _ detections: [Detection], unfiltered: [Detection], whole: ImageResult, _ timings: StageTimings,
    source: ImageSource?
  ) {
    prediction = Prediction(
      detections: detections, unfiltered: unfiltered, inference: timings.inference,
      postprocess: timings.postprocess, predictions: nil)
    (width, height) = (whole.width, whole.height)
    (inputWidth, inputHeight) = (whole.inputWidth, whole.inputHeight)
    self.timings = timings
    self.source = source
  }

  package var detections: [Detection] { prediction.detections }
}
