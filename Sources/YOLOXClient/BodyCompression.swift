import CZlib
import Foundation

/// A content coding for request bodies (RFC 9110, section 8.4.1).
///
/// JPEG, PNG and WebP images are compressed already. A coding makes requests smaller whose images are not, such as BMP.
public enum BodyCompression: String, Hashable, Sendable, CaseIterable {
  /// RFC 1952.
  case gzip
  /// The zlib format (RFC 1950).
  case deflate

  /// - Returns: `nil` without memory, and for more bytes than zlib can count.
  func compress(_ body: Data) -> Data? {
    // zlib's state points back to the stream, which must not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    defer { stream.deallocate() }
    stream.initialize(to: z_stream())
    let version = zlibVersion()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard
      deflateInit2_(
        stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, version, size) == Z_OK
    else { return nil }
    defer { deflateEnd(stream) }
    let bound = Int(deflateBound(stream, UInt(body.count)))
    guard let outputSize = UInt32(exactly: bound), let inputSize = UInt32(exactly: body.count) else {
      return nil
    }
    var output = Data(count: bound)
    let count: Int? = body.withUnsafeBytes { (input: UnsafeRawBufferPointer) in
      output.withUnsafeMutableBytes { (output: UnsafeMutableRawBufferPointer) in
        // zlib does not write to its input.
        stream.pointee.next_in = UnsafeMutablePointer(
          mutating: input.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = inputSize
        stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.pointee.avail_out = outputSize
        guard CZlib.deflate(stream, Z_FINISH) == Z_STREAM_END else { return nil }
        return bound - Int(stream.pointee.avail_out)
      }
    }
    return count.map { output.prefix($0) }
  }

  private var windowBits: Int32 { self == .gzip ? 15 + 16 : 15 }
}
