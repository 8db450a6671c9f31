import CCodecs
import CLetterbox

extension Letterbox {
  /// As ``apply(to:preprocessing:into:)``, while the image is decoded: where its rows come in order and need not be
  /// rotated, only one of them is kept.
  ///
  /// - Returns: how much of the time the letterbox took; decoding took the rest.
  /// - Throws: what decoding does; the content of `planes` is then undefined.
  package func apply(
    to encoded: EncodedImage, scaledDecode: ScaledDecode, preprocessing: Preprocessing,
    into planes: inout MutableSpan<Float>
  ) throws(ImageError) -> Duration {
    let scale = scaledDecode == .auto ? encoded.scale(for: self) : .full
    guard encoded.hasRowsInOrder, encoded.orientation == .upright else {
      let image = try encoded.decoded(scale)
      let start = ContinuousClock.now
      apply(to: image, preprocessing: preprocessing, into: &planes)
      return start.duration(to: .now)
    }
    let size = encoded.size(scale)
    var (status, spent) = (Result<Void, ImageError>.success(()), Duration.zero)
    apply(toRowsOf: size, preprocessing, into: &planes) { box in
      var sink = Sink(box: box)
      status = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: size.width * 3) { row in
        withUnsafeMutablePointer(to: &sink) { sink in
          encoded.decode(
            scale, into: cc_rows(pixels: row.baseAddress, stride: 0, row_ready: Sink.take, context: sink))
        }
      }
      spent = sink.spent
    }
    try status.get()
    return spent
  }

  /// Passes rows from a decoder to the letterbox and measures the time.
  private struct Sink {
    let box: UnsafeMutablePointer<cl_letterbox>
    var spent = Duration.zero

    static let take: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<UInt8>?) -> Void = { sink, row in
      guard let sink = sink?.assumingMemoryBound(to: Sink.self) else { return }
      let start = ContinuousClock.now
      cl_take_row(sink.pointee.box, row)
      sink.pointee.spent += start.duration(to: .now)
    }
  }
}
