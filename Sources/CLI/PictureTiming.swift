import Engine
import Imaging
import YOLOX

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a picture's way takes from the bytes of its file to boxes, one at a time in this process: medians.
struct PictureTiming: Encodable, CustomStringConvertible {
  let model: String
  let width: Int
  let height: Int
  let threads: Int
  let runs: Int
  let detections: Int
  let medianMilliseconds: Double
  let fastestMilliseconds: Double
  let decode: Double
  let letterbox: Double
  let inference: Double
  let postprocess: Double

  init(of bytes: [UInt8], by model: Model, threads: Int, runs: Int) throws {
    var predictor = Predictor(model, pool: WorkerPool(threads: threads))
    var totals: [Double] = []
    var stages: [[Double]] = [[], [], [], []]
    var last = try EncodedImage(bytes, limits: PictureFiles.limits)
    var found = 0
    for run in 0..<runs + 3 {
      let start = ContinuousClock.now
      last = try EncodedImage(bytes, limits: PictureFiles.limits)
      let image = try model.prepare(last)
      let outcome = predictor.detect([(image, DetectionOptions())])[0]
      let total = start.duration(to: .now)
      found = outcome.detections.count
      guard run >= 3 else { continue }
      totals.append(milliseconds(total))
      let spent = [image.decoding, image.letterboxing, outcome.inference, outcome.postprocess]
      for (stage, duration) in spent.enumerated() { stages[stage].append(milliseconds(duration)) }
    }
    func median(_ times: [Double]) -> Double { times.sorted()[times.count / 2] }
    self.model = model.name
    self.threads = threads
    self.runs = runs
    (width, height, detections) = (last.width, last.height, found)
    medianMilliseconds = median(totals)
    fastestMilliseconds = totals.min() ?? 0
    decode = median(stages[0])
    letterbox = median(stages[1])
    inference = median(stages[2])
    postprocess = median(stages[3])
  }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  var description: String {
    """
    \(width)x\(height) to \(detections) boxes by \(model), \(threads) threads: \
    median \(medianMilliseconds.text(decimals: 2)) ms, fastest \(fastestMilliseconds.text(decimals: 2)) ms \
    of \(runs) runs (decode \(decode.text(decimals: 2)), letterbox \(letterbox.text(decimals: 2)), \
    network \(inference.text(decimals: 2)), boxes \(postprocess.text(decimals: 2)))
    """
  }
}
