import CCodecs

extension Image {
  /// - Parameter quality: of a JPEG, 1...100.
  package func encoded(as format: OutputFormat, quality: Int = 90) throws(ImageError) -> [UInt8] {
    let sink = Sink()
    let context = Unmanaged.passUnretained(sink).toOpaque()
    let write: cc_write = { context, bytes, count in
      guard let context, let bytes else { return }
      Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue().bytes
        .append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
    }
    let status = pixels.withUnsafeBufferPointer { pixels in
      switch format {
      case .jpeg:
        cc_jpeg_encode(
          pixels.baseAddress, UInt32(width), UInt32(height), Int32(min(max(quality, 1), 100)), write, context)
      case .png: cc_png_encode(pixels.baseAddress, UInt32(width), UInt32(height), write, context)
      }
    }
    guard status == CC_OK else { throw .unencodable(format, width: width, height: height) }
    return sink.bytes
  }

  private final class Sink {
    var bytes: [UInt8] = []
  }
}
