/// Times of `yolox bench --image`: medians in milliseconds, one image at a time.
struct ImageBenchReport: Encodable, CustomStringConvertible {
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

  var json: String { get throws { try jsonText(of: self) } }

  var description: String {
    """
    \(width)x\(height) to \(detections) boxes by \(model), \(threads) threads: \
    median \(medianMilliseconds.text(decimals: 2)) ms, fastest \(fastestMilliseconds.text(decimals: 2)) ms \
    of \(runs) runs (decode \(decode.text(decimals: 2)), letterbox \(letterbox.text(decimals: 2)), \
    network \(inference.text(decimals: 2)), boxes \(postprocess.text(decimals: 2)))
    """
  }
}
